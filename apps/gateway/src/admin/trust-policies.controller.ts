import { Controller, Delete, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { TrustPolicyStore } from '#auth';
import { TrustPoliciesAnswer, TrustPolicyAnswer } from '#contracts';
import type { Actor } from '#registry';
import { Described } from '../http/described.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { answerOf, TrustPolicyForm } from '../workload/trust-policy-form.js';
import { readJson } from './json-body.js';
import { OperatorParam, OperatorsOnly } from './operator.guard.js';
import { Problem } from './problem.js';

const PER_PAGE = 100;

/** Trust policies of any namespace, as operators make them. */
@Controller('admin/v1/orgs/:organisation/trust-policies')
export class TrustPoliciesController {
  constructor(private readonly policies: TrustPolicyStore) {}

  /** By id, 100 a page; `?after=NEXT` for the next. */
  @Get()
  @OperatorsOnly()
  @Described({
    summary: 'Lists trust policies of an organisation',
    query: { after: 'ID to go on behind' },
    answer: { status: 200, schema: TrustPoliciesAnswer },
  })
  async list(
    @Param('organisation') organisation: string,
    @Query('after') after: string | undefined,
  ): Promise<TrustPoliciesAnswer> {
    const policies = await this.policies.list(pathOf(organisation), PER_PAGE + 1, idOf(after));
    if (!policies) throw new Problem(404, 'No such organisation');
    const page = policies.slice(0, PER_PAGE);
    return {
      trust_policies: page.map(answerOf),
      next: policies.length > PER_PAGE ? String(page.at(-1)?.id) : null,
    };
  }

  /** Errors: Problem 404 for an unknown organisation or source, 409 when it has 1,000. */
  @Post()
  @OperatorsOnly()
  @Described({
    summary: 'Makes a trust policy: which workflows of which issuer may act',
    body: TrustPolicyForm,
    answer: { status: 201, schema: TrustPolicyAnswer },
    errors: { 409: 'the organisation has 1,000 policies' },
  })
  async create(
    @Param('organisation') organisation: string,
    @Req() request: GatewayRequest,
    @OperatorParam() operator: Actor,
  ): Promise<TrustPolicyAnswer> {
    const policy = await readJson(request, TrustPolicyForm);
    const made = await this.policies.create(pathOf(organisation), policy, operator);
    if (made === 'full') throw new Problem(409, 'Too many trust policies', 'Delete one first, or use a pattern.');
    if (!made) throw new Problem(404, 'No such organisation or source', 'The source must be one of the organisation.');
    return answerOf(made);
  }

  @Delete(':id')
  @HttpCode(204)
  @OperatorsOnly()
  @Described({ summary: 'Removes a trust policy, at once', answer: { status: 204 } })
  async remove(
    @Param('organisation') organisation: string,
    @Param('id') id: string,
    @OperatorParam() operator: Actor,
  ): Promise<void> {
    if (!(await this.policies.remove(pathOf(organisation), idOf(id), operator))) {
      throw new Problem(404, 'No such trust policy');
    }
  }
}

/** A namespace's path; one that none can have is asked for like any other, without what a text column cannot hold. */
const pathOf = (organisation: string) => organisation.toLowerCase().replaceAll('\0', '');

/** 0, which no row has, for what is no id. */
const idOf = (text: string | undefined) => (/^[0-9]{1,9}$/.test(text ?? '') ? Number(text) : 0);
