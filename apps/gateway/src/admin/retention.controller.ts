import { Controller, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { NamespaceRetentionPreviewAnswer, RetentionPreviewAnswer } from '#contracts';
import { isNameComponent } from '#oci';
import { PreviewNamespaceRetention, PreviewRetention, type RetentionPolicy, RetentionStore } from '#registry';
import { Described } from '../http/described.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { PolicyForm, policyOf } from '../rest/retention/policy-form.js';
import {
  namespacePreviewAnswer,
  POLICY_CHANGED,
  PREVIEW_ERRORS,
  PREVIEW_QUERY,
  previewAnswer,
  previewPageOf,
} from '../rest/retention/preview-answer.js';
import { readJson } from './json-body.js';
import { OperatorsOnly } from './operator.guard.js';
import { noPackage, packageNameOf } from './package-name.js';
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
    answer: { status: 200, schema: RetentionPreviewAnswer },
    errors: PREVIEW_ERRORS,
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
    answer: { status: 200, schema: RetentionPreviewAnswer },
    errors: { ...PREVIEW_ERRORS, 400: 'the body does not fit' },
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
  ): Promise<RetentionPreviewAnswer> {
    const packageId = await this.store.findPackage(packageNameOf(owner, packageName));
    if (packageId === undefined) throw noPackage();
    const preview = await this.previews.run(packageId, asked, previewPageOf(query, 'instance'));
    if (preview === 'changed') throw new Problem(409, 'The policy changed', POLICY_CHANGED);
    if (!preview) throw new Problem(404, 'No retention policy counts for this package');
    return previewAnswer(preview, 'instance');
  }
}

/** The same of all packages that an organisation's or a user's policy counts for. */
@Controller('admin/v1/namespaces/:owner/retention/preview')
export class NamespaceRetentionPreviewController {
  constructor(
    private readonly store: RetentionStore,
    private readonly previews: PreviewNamespaceRetention,
  ) {}

  @Get()
  @OperatorsOnly()
  @Described({
    summary: 'What the policy of a namespace would do to each tag of the packages that it counts for; nothing changes',
    query: PREVIEW_QUERY,
    answer: { status: 200, schema: NamespaceRetentionPreviewAnswer },
    errors: PREVIEW_ERRORS,
  })
  async preview(@Param('owner') owner: string, @Req() request: GatewayRequest) {
    return this.answer(owner, undefined, request);
  }

  @Post()
  @HttpCode(200)
  @OperatorsOnly()
  @Described({
    summary: "What the policy of the request would do in place of a namespace's; nothing changes",
    query: PREVIEW_QUERY,
    body: PolicyForm,
    answer: { status: 200, schema: NamespaceRetentionPreviewAnswer },
    errors: { ...PREVIEW_ERRORS, 400: 'the body does not fit' },
  })
  async previewAsked(@Param('owner') owner: string, @Req() request: GatewayRequest) {
    return this.answer(owner, policyOf(await readJson(request, PolicyForm)), request);
  }

  /** Errors: Problem 404 for no such namespace, and where it has no policy. */
  private async answer(
    owner: string,
    asked: RetentionPolicy | undefined,
    { query }: GatewayRequest,
  ): Promise<NamespaceRetentionPreviewAnswer> {
    const namespaceId = isNameComponent(owner.toLowerCase()) ? await this.store.findNamespace(owner) : undefined;
    if (namespaceId === undefined) throw new Problem(404, 'No such organisation or user');
    const preview = await this.previews.run(namespaceId, asked, previewPageOf(query, 'instance'));
    if (preview === 'changed') throw new Problem(409, 'The policy changed', POLICY_CHANGED);
    if (!preview) throw new Problem(404, 'It has no retention policy for its packages');
    return namespacePreviewAnswer(preview, 'instance');
  }
}
