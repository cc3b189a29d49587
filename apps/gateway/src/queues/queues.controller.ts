import { Controller, Get, Inject, Optional, Patch, Post, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import type { TokenHolder } from '#auth';
import { LOG } from '#nest';
import { type DashboardRequest, QueueDashboard } from '#registry';
import { Problem } from '../admin/problem.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { parseJsonText } from '../http/json-text.js';
import { readBody } from '../http/request-body.js';
import { dashboardPath } from './dashboard-path.js';
import { QueueOperatorsOnly } from './queue-operator.guard.js';

/** Data of a job that an operator adds; Berth's own jobs have none. */
const MAX_BODY_BYTES = 64 * 1024;

/**
 * The page is bull-board's, which writes styles into its elements. It may load nothing from elsewhere, stand in nobody's frame, and
 * send no form.
 */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
    "connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};
/** Names of files that carry a hash of what is in them. */
const UNCHANGING = /^\/static\/(?:js|css)\/(?:[\w-]+\/)*[\w-]+\.[0-9a-f]{10}\.(?:js|css)$/;

type OperatorRequest = GatewayRequest & { user: TokenHolder };

/** The dashboard of the worker's queues, passed on to whoever has it. No header goes along in either direction. */
@Controller('admin/queues')
export class QueuesController {
  constructor(
    @Inject(LOG) private readonly log: Logger,
    @Optional() private readonly dashboard?: QueueDashboard,
  ) {}

  @Get(['', '*'])
  @QueueOperatorsOnly()
  show(@Req() request: OperatorRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.pass('GET', request, reply);
  }

  @Post('*')
  @QueueOperatorsOnly()
  post(@Req() request: OperatorRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.pass('POST', request, reply);
  }

  @Put('*')
  @QueueOperatorsOnly()
  put(@Req() request: OperatorRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.pass('PUT', request, reply);
  }

  @Patch('*')
  @QueueOperatorsOnly()
  patch(@Req() request: OperatorRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.pass('PATCH', request, reply);
  }

  private async pass(method: DashboardRequest['method'], request: OperatorRequest, reply: FastifyReply): Promise<void> {
    if (!this.dashboard) throw new Problem(503, 'No worker', 'BERTH_WORKER_URL tells the gateway where it is.');
    const path = dashboardPath(request.url);
    if (path === undefined) throw new Problem(404, 'No such page');
    const json = method === 'GET' ? undefined : await readJsonText(request);
    if (method !== 'GET') {
      const action = { operator: request.user.login, method, path: request.url.split('?')[0], requestId: request.id };
      this.log.info(action, 'an operator acts on a queue');
    }
    const { status, contentType, body } = await this.dashboard.answer({ method, path, json });
    reply.status(status).headers(HEADERS).header('content-type', contentType);
    reply.header('cache-control', UNCHANGING.test(path) ? 'private, max-age=31536000, immutable' : 'no-store');
    reply.send(status === 204 ? undefined : Buffer.from(body));
  }
}

/** The body, if there is one. Errors: Problem 400; SIZE_INVALID with status 413. */
async function readJsonText(request: OperatorRequest): Promise<string | undefined> {
  const text = (await readBody(request.raw, MAX_BODY_BYTES)).toString('utf8');
  if (text === '') return undefined;
  const read = parseJsonText(text);
  if ('problem' in read) throw new Problem(400, 'The body cannot be read', read.problem);
  return JSON.stringify(read.value);
}
