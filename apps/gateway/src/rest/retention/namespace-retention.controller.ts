import { Controller, Delete, Get, HttpCode, Put, Req } from '@nestjs/common';
import { z } from 'zod';
import type { TokenHolder } from '#auth';
import { RetentionStore } from '#registry';
import { Described } from '../../http/described.js';
import { NamespaceParam } from '../access/params.js';
import { RestAccess } from '../rest-access.js';
import { readRestJson } from '../rest-json.js';
import { notFound, RestRefusal } from '../rest-refusal.js';
import { HolderParam, type RestNamespace, type RestRequest } from '../rest-request.js';
import { PolicyForm, PolicyView, policyOf, policyView } from './policy-form.js';

const Answer = z.object({ policy: PolicyView });

/**
 * The retention policy of an organisation, or of a user, for all packages that have none of their own. Changing it has tags
 * deleted: the token needs the scope of that, too.
 */
@Controller(['api/v3/orgs/:org/retention', 'api/v3/users/:username/retention'])
export class NamespaceRetentionController {
  constructor(private readonly store: RetentionStore) {}

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
}

/** Errors: RestRefusal 403. */
function assertMayDelete({ scopes }: TokenHolder): void {
  if (!scopes.includes('delete:packages'))
    throw new RestRefusal(403, 'This needs a token with the scope delete:packages.');
}
