import { Controller, Delete, Get, HttpCode, Post, Put, Req } from '@nestjs/common';
import { z } from 'zod';
import type { TokenHolder } from '#auth';
import { RetentionPolicyAnswer, RetentionPreviewAnswer } from '#contracts';
import { PreviewRetention, type RetentionPolicy, RetentionStore } from '#registry';
import { Described } from '../../http/described.js';
import { ReaderScope, WITHIN_QUERY } from '../reader-scope.js';
import { RestAccess } from '../rest-access.js';
import { readRestJson } from '../rest-json.js';
import { notFound, RestRefusal } from '../rest-refusal.js';
import { HolderParam, PackageParam, type RestPackage, type RestRequest } from '../rest-request.js';
import { PolicyForm, policyOf, policyView } from './policy-form.js';
import { POLICY_CHANGED, PREVIEW_ERRORS, PREVIEW_QUERY, previewAnswer, previewPageOf } from './preview-answer.js';

const QUERY = { ...PREVIEW_QUERY, ...WITHIN_QUERY };

const InForce = z.object({
  from: z
    .enum(['package', 'namespace'])
    .meta({ description: "Whose policy it is: the package's own, or its namespace's" }),
  policy: RetentionPolicyAnswer,
});

/**
 * Which tags of a package go by themselves. Whoever sets or takes away a policy has tags deleted: that demands what deleting
 * does.
 */
@Controller(
  ['orgs/:org', 'users/:username', 'user'].map(
    (owner) => `api/v3/${owner}/packages/:package_type/:package_name/retention`,
  ),
)
export class PackageRetentionController {
  constructor(
    private readonly store: RetentionStore,
    private readonly previews: PreviewRetention,
    private readonly scope: ReaderScope,
  ) {}

  @Get()
  @RestAccess('administer')
  @Described({
    summary: 'The retention policy that counts for a package; 404 where none does',
    answer: { status: 200, schema: InForce },
  })
  async get(@PackageParam() { id }: RestPackage): Promise<z.output<typeof InForce>> {
    const inForce = (await this.store.findInForce(id)) ?? notFound();
    return { from: inForce.holder, policy: policyView(inForce) };
  }

  @Put()
  @RestAccess('delete')
  @Described({
    summary: "Gives a package a retention policy of its own, in place of its namespace's",
    body: PolicyForm,
    answer: { status: 200, schema: InForce },
    errors: { 400: 'the body does not fit' },
  })
  async set(
    @PackageParam() { id, actor }: RestPackage,
    @Req() request: RestRequest,
  ): Promise<z.output<typeof InForce>> {
    const policy = policyOf(await readRestJson(request, PolicyForm));
    if (!(await this.store.set({ packageId: id }, policy, actor))) return notFound();
    return { from: 'package', policy: policyView(policy) };
  }

  @Delete()
  @HttpCode(204)
  @RestAccess('delete')
  @Described({
    summary: "Takes a package's own retention policy away: its namespace's counts again",
    answer: { status: 204 },
  })
  async remove(@PackageParam() { id, actor }: RestPackage): Promise<void> {
    if (!(await this.store.remove({ packageId: id }, actor))) notFound();
  }

  @Get('preview')
  @RestAccess('administer')
  @Described({
    summary: 'What the policy that counts would do to each tag, and why; nothing changes',
    query: QUERY,
    answer: { status: 200, schema: RetentionPreviewAnswer },
    errors: { ...PREVIEW_ERRORS, 404: 'no such package, or no policy counts for it' },
  })
  async preview(@PackageParam() pkg: RestPackage, @HolderParam() holder: TokenHolder, @Req() request: RestRequest) {
    return this.answer(pkg, holder, undefined, request);
  }

  @Post('preview')
  @HttpCode(200)
  @RestAccess('administer')
  @Described({
    summary: 'What the policy of the request would do to each tag, and why; nothing changes',
    query: QUERY,
    body: PolicyForm,
    answer: { status: 200, schema: RetentionPreviewAnswer },
    errors: { ...PREVIEW_ERRORS, 400: 'the body does not fit' },
  })
  async previewAsked(
    @PackageParam() pkg: RestPackage,
    @HolderParam() holder: TokenHolder,
    @Req() request: RestRequest,
  ) {
    return this.answer(pkg, holder, policyOf(await readRestJson(request, PolicyForm)), request);
  }

  private async answer(
    pkg: RestPackage,
    holder: TokenHolder,
    asked: RetentionPolicy | undefined,
    { query }: RestRequest,
  ): Promise<RetentionPreviewAnswer> {
    const within = await this.scope.withinOf(query, pkg, holder);
    const preview = await this.previews.run(pkg.id, asked, previewPageOf(query, within));
    if (preview === 'changed') throw new RestRefusal(409, POLICY_CHANGED);
    if (!preview) throw new RestRefusal(404, 'No retention policy counts for this package.');
    return previewAnswer(preview, within);
  }
}
