import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { AccessFactsStore } from '#auth';
import { nextLink, parsePageRequest } from '#oci';
import { PackageStore } from '#registry';
import { REJECTED, viewerOf } from '../credentials/credentials.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { Access } from './access.js';
import { QueryParam } from './v2.params.js';

/** The catalog: repositories that the caller has a right on of their own; all of them for an administrator. */
@Controller('v2')
export class CatalogController {
  constructor(
    private readonly packages: PackageStore,
    private readonly facts: AccessFactsStore,
  ) {}

  @Get('_catalog')
  @Access('known caller')
  async list(
    @QueryParam('n') n: string | undefined,
    @QueryParam('last') last: string | undefined,
    @Req() request: GatewayRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const page = parsePageRequest(n, last);
    const holder = request.user === REJECTED ? undefined : await this.facts.findSubject(request.user.principal);
    if (holder?.kind !== 'user') return void reply.send({ repositories: [] });
    const { items, next } = await this.packages.list(viewerOf(holder), page);
    if (next !== undefined) reply.header('link', nextLink('/v2/_catalog', { n: String(page.limit), last: next }));
    reply.send({ repositories: items });
  }
}
