import { Controller, Delete, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { TrustPolicyStore } from '#auth';
import { TrustPolicyAnswer } from '#contracts';
import { Described } from '../../http/described.js';
import { ExternalOrigin } from '../../http/external-origin.js';
import type { Query as QueryValues } from '../../http/gateway-request.js';
import { answerOf, TrustPolicyForm } from '../../workload/trust-policy-form.js';
import { parsePage } from '../paging.js';
import { RestAccess } from '../rest-access.js';
import { readRestJson } from '../rest-json.js';
import { notFound, RestRefusal } from '../rest-refusal.js';
import type { RestNamespace, RestRequest } from '../rest-request.js';
import { IdParam, NamespaceParam } from './params.js';

/** Trust policies of an organisation and its sources, as its owners make them. */
@Controller('api/v3/orgs/:org/trust-policies')
export class OrganisationTrustPoliciesController {
  constructor(
    private readonly policies: TrustPolicyStore,
    private readonly origin: ExternalOrigin,
  ) {}

  @Get()
  @RestAccess('govern')
  @Described({
    summary: 'Lists which workflows are trusted, by id',
    query: { per_page: 'Policies on a page, 30 unless said, 100 at most', after: 'The id that the page begins behind' },
    answer: { status: 200, schema: z.array(TrustPolicyAnswer) },
  })
  async list(
    @NamespaceParam() { path }: RestNamespace,
    @Query() query: QueryValues,
    @Req() request: RestRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TrustPolicyAnswer[]> {
    const { perPage, after } = parsePage(query);
    const known = /^[0-9]{1,9}$/.test(after ?? '') ? Number(after) : 0;
    const policies = (await this.policies.list(path, perPage + 1, known)) ?? [];
    const page = policies.slice(0, perPage);
    if (policies.length > perPage) {
      const url = `${this.origin.of(request)}/api/v3/orgs/${path}/trust-policies?per_page=${perPage}`;
      reply.header('link', `<${url}&after=${page.at(-1)?.id}>; rel="next"`);
    }
    return page.map(answerOf);
  }

  @Post()
  @RestAccess('govern')
  @Described({
    summary: 'Trusts workflows of an OpenID issuer',
    body: TrustPolicyForm,
    answer: { status: 201, schema: TrustPolicyAnswer },
    errors: {
      400: 'the body does not fit',
      409: 'the organisation has 1,000 policies',
      422: 'the source is not its own',
    },
  })
  async create(
    @NamespaceParam() { path, actor }: RestNamespace,
    @Req() request: RestRequest,
  ): Promise<TrustPolicyAnswer> {
    const made = await this.policies.create(path, await readRestJson(request, TrustPolicyForm), actor);
    if (made === 'full') throw new RestRefusal(409, 'There are 1,000 trust policies: delete one, or use a pattern.');
    if (!made) throw new RestRefusal(422, 'The organisation has no such source.');
    return answerOf(made);
  }

  @Delete(':policy_id')
  @HttpCode(204)
  @RestAccess('govern')
  @Described({
    summary: 'Trusts them no longer: what came in by the policy ends at once',
    answer: { status: 204 },
  })
  async remove(@NamespaceParam() { path, actor }: RestNamespace, @IdParam('policy_id') id: number): Promise<void> {
    if (!(await this.policies.remove(path, id, actor))) notFound();
  }
}
