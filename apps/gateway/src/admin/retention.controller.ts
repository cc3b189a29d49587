import { Controller, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import type { z } from 'zod';
import { isRepositoryName } from '#oci';
import { PreviewRetention, type RetentionPolicy, RetentionStore } from '#registry';
import { Described } from '../http/described.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { PolicyForm, policyOf } from '../rest/retention/policy-form.js';
import { PREVIEW_QUERY, PreviewAnswer, previewAnswer, previewPageOf } from '../rest/retention/preview-answer.js';
import { readJson } from './json-body.js';
import { OperatorsOnly } from './operator.guard.js';
import { Problem } from './problem.js';

/** Dry runs of retention for operators. The package's name is one segment, its slashes as %2F. */
@Controller('admin/v1/packages/:owner/:name/retention/preview')
export class RetentionController {
  constructor(
    private readonly store: RetentionStore,
    private readonly previews: PreviewRetention,
  ) {}

  @Get()
  @OperatorsOnly()
  @Described({
    summary: 'What the policy that counts for a package would do to each tag, and why; nothing changes',
    query: PREVIEW_QUERY,
    answer: { status: 200, schema: PreviewAnswer },
  })
  async preview(@Param('owner') owner: string, @Param('name') name: string, @Req() request: GatewayRequest) {
    return this.answer(owner, name, undefined, request);
  }

  @Post()
  @HttpCode(200)
  @OperatorsOnly()
  @Described({
    summary: 'What the policy of the request would do to each tag of a package, and why; nothing changes',
    query: PREVIEW_QUERY,
    body: PolicyForm,
    answer: { status: 200, schema: PreviewAnswer },
    errors: { 400: 'the body does not fit' },
  })
  async previewAsked(@Param('owner') owner: string, @Param('name') name: string, @Req() request: GatewayRequest) {
    return this.answer(owner, name, policyOf(await readJson(request, PolicyForm)), request);
  }

  /** Errors: Problem 404 for no such package, and where no policy counts for it. */
  private async answer(
    owner: string,
    packageName: string,
    asked: RetentionPolicy | undefined,
    { query }: GatewayRequest,
  ): Promise<z.output<typeof PreviewAnswer>> {
    const name = `${owner.toLowerCase()}/${packageName}`;
    const packageId = isRepositoryName(name) ? await this.store.findPackage(name) : undefined;
    if (packageId === undefined) throw new Problem(404, 'No such package');
    const preview = await this.previews.run(packageId, asked, previewPageOf(query));
    if (!preview) throw new Problem(404, 'No retention policy counts for this package');
    return previewAnswer(preview);
  }
}
