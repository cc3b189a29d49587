import { Controller, Delete, Get, HttpCode, Post, Put, Req } from '@nestjs/common';
import { z } from 'zod';
import type { TokenHolder } from '#auth';
import { NamespaceRetentionPreviewAnswer, RetentionPolicyAnswer } from '#contracts';
import { PreviewNamespaceRetention, type RetentionPolicy, RetentionStore } from '#registry';
import { Described } from '../../http/described.js';
import { NamespaceParam } from '../access/params.js';
import { RestAccess } from '../rest-access.js';
import { readRestJson } from '../rest-json.js';
import { notFound, RestRefusal } from '../rest-refusal.js';
import { HolderParam, type RestNamespace, type RestRequest } from '../rest-request.js';
import { PolicyForm, policyOf, policyView } from './policy-form.js';
import {
  namespacePreviewAnswer,
  POLICY_CHANGED,
  PREVIEW_ERRORS,
  PREVIEW_QUERY,
  previewPageOf,
} from './preview-answer.js';

const Answer = z.object({ policy: RetentionPolicyAnswer });

/**
 * The retention policy of an organisation, or of a user, for all packages that have none of their own. Changing it has tags
 * deleted: the token needs the scope of that, too.
 */
@Controller(['api/v3/orgs/:org/retention', 'api/v3/users/:username/retention'])
export class NamespaceRetentionController {
  constructor(
    private readonly store: RetentionStore,
    private readonly previews: PreviewNamespaceRetention,
  ) {}

  @Get()
  @RestAccess('govern')
  @Described({
    summary: 'The retention policy of a namespace; 404 where there is none',
    answer: { status: 200, schema: Answer },
  })
  async get(@NamespaceParam() { id }: RestNamespace): Promise<z.output<typeof Answer>> {
    return { policy: policyView((await this.store.find({ namespaceId: id })) ?? notFound()) };
  }

  @Put()
  @RestAccess('govern')
  @Described({
    summary: 'Sets the retention policy of a namespace; packages with a policy of their own go by that',
    body: PolicyForm,
    answer: { status: 200, schema: Answer },
    errors: { 400: 'the body does not fit' },
  })
  async set(
    @NamespaceParam() { id, actor }: RestNamespace,
    @HolderParam() holder: TokenHolder,
    @Req() request: RestRequest,
  ): Promise<z.output<typeof Answer>> {
    assertMayDelete(holder);
    const policy = policyOf(await readRestJson(request, PolicyForm));
    if (!(await this.store.set({ namespaceId: id }, policy, actor))) return notFound();
    return { policy: policyView(policy) };
  }

  @Delete()
  @HttpCode(204)
  @RestAccess('govern')
  @Described({ summary: 'Takes the retention policy of a namespace away', answer: { status: 204 } })
  async remove(@NamespaceParam() { id, actor }: RestNamespace, @HolderParam() holder: TokenHolder): Promise<void> {
    assertMayDelete(holder);
    if (!(await this.store.remove({ namespaceId: id }, actor))) notFound();
  }

  @Get('preview')
  @RestAccess('govern')
  @Described({
    summary: 'What the policy of a namespace would do to each tag of the packages that it counts for; nothing changes',
    query: PREVIEW_QUERY,
    answer: { status: 200, schema: NamespaceRetentionPreviewAnswer },
    errors: { ...PREVIEW_ERRORS, 404: 'no such namespace, or it has no policy' },
  })
  async preview(@NamespaceParam() { id }: RestNamespace, @Req() request: RestRequest) {
    return this.answer(id, undefined, request);
  }

  @Post('preview')
  @HttpCode(200)
  @RestAccess('govern')
  @Described({
    summary: "What the policy of the request would do in place of a namespace's; nothing changes",
    query: PREVIEW_QUERY,
    body: PolicyForm,
    answer: { status: 200, schema: NamespaceRetentionPreviewAnswer },
    errors: { ...PREVIEW_ERRORS, 400: 'the body does not fit' },
  })
  async previewAsked(@NamespaceParam() { id }: RestNamespace, @Req() request: RestRequest) {
    return this.answer(id, policyOf(await readRestJson(request, PolicyForm)), request);
  }

  private async answer(
    namespaceId: number,
    asked: RetentionPolicy | undefined,
    { query }: RestRequest,
  ): Promise<NamespaceRetentionPreviewAnswer> {
    const preview = await this.previews.run(namespaceId, asked, previewPageOf(query, 'namespace'));
    if (preview === 'changed') throw new RestRefusal(409, POLICY_CHANGED);
    if (!preview) throw new RestRefusal(404, 'The namespace has no retention policy.');
    return namespacePreviewAnswer(preview, 'namespace');
  }
}

/** Errors: RestRefusal 403. */
function assertMayDelete({ scopes }: TokenHolder): void {
  if (!scopes.includes('delete:packages'))
    throw new RestRefusal(403, 'This needs a token with the scope delete:packages.');
}
