import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuditLog } from '#auth';
import { AuditAnswer } from '#contracts';
import { OperatorsOnly } from '../admin/operator.guard.js';
import { Described } from '../http/described.js';
import { ExternalOrigin } from '../http/external-origin.js';
import type { Query as QueryValues } from '../http/gateway-request.js';
import { NamespaceParam } from '../rest/access/params.js';
import { RestAccess } from '../rest/rest-access.js';
import type { RestNamespace } from '../rest/rest-request.js';
import { AUDIT_FILTERS, auditQueryOf, auditView, olderLink } from './audit-view.js';

/** What was done in an organisation, for its owners: the newest first. */
@Controller('api/v3/orgs/:org/audit-log')
export class OrganisationAuditController {
  constructor(
    private readonly log: AuditLog,
    private readonly origin: ExternalOrigin,
  ) {}

  @Get()
  @RestAccess('govern')
  @Described({
    summary: 'Lists what was done in an organisation, the newest first',
    query: AUDIT_FILTERS,
    answer: { status: 200, schema: AuditAnswer },
  })
  async list(
    @NamespaceParam() namespace: RestNamespace,
    @Query() query: QueryValues,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AuditAnswer> {
    const { entries, next } = await this.log.list(auditQueryOf(query, namespace.id));
    if (next !== undefined) reply.header('link', olderLink(this.origin.of(request) + request.url, next));
    return entries.map(auditView);
  }
}

/** All of it, for operators. */
@Controller('admin/v1/audit-log')
export class AuditController {
  constructor(
    private readonly log: AuditLog,
    private readonly origin: ExternalOrigin,
  ) {}

  @Get()
  @OperatorsOnly()
  @Described({
    summary: 'Lists what was done anywhere, the newest first',
    query: AUDIT_FILTERS,
    answer: { status: 200, schema: AuditAnswer },
  })
  async list(
    @Query() query: QueryValues,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AuditAnswer> {
    const { entries, next } = await this.log.list(auditQueryOf(query, undefined));
    if (next !== undefined) reply.header('link', olderLink(this.origin.of(request) + request.url, next));
    return entries.map(auditView);
  }
}
