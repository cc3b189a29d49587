import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { runInTrace } from '#trace';
import { tellRateLimit } from '../rest/rate-limit.js';
import { assertPolicies } from './assert-policies.js';
import { ErrorFilter } from './error.filter.js';
import { holdContinue } from './expect-continue.js';
import { ExternalOrigin } from './external-origin.js';
import { single } from './gateway-request.js';
import { sendRefusal } from './refusal.js';
import { withAddress } from './request-address.js';
import { assertSingleHeaders } from './single-headers.js';
import { answerUnreadable } from './unreadable.js';
import { routableUrl } from './v2-path.js';

/** Long enough for balancers that keep idle connections for a minute (nginx 60 s and 75 s, ALB 60 s). */
const KEEP_ALIVE_MS = 75_000;
const HEADERS_MS = 10_000;
/** How often Node looks for requests past that time. */
const CHECK_MS = 5000;
const MAX_HEADER_BYTES = 16 * 1024;
/** Whatever fits into a request: a name that is too long is told so. Encoding its slashes makes three characters of one. */
const MAX_PARAM_LENGTH = 3 * MAX_HEADER_BYTES;

/**
 * Builds the public HTTP server around a module that holds `GatewayModule` and its adapters. Bodies reach the controllers
 * as streams, whatever their type: nothing is parsed, inflated or kept before somebody asks for it.
 */
export async function createGateway(module: Type | DynamicModule, log: Logger): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    rewriteUrl: (request: IncomingMessage) => routableUrl(request.url ?? '/'),
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    exposeHeadRoutes: false,
    bodyLimit: Number.MAX_SAFE_INTEGER,
    requestTimeout: 0, // uploads take as long as they take; bounded-stream.ts demands a minimum rate
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_MS,
      connectionsCheckingInterval: CHECK_MS,
      requireHostHeader: false, // single-headers.ts answers in the right form
    },
    clientErrorHandler: answerUnreadable,
    // A URL that cannot be decoded reaches neither hooks nor filters.
    frameworkErrors: ({ statusCode = 400 }, request: FastifyRequest, reply: FastifyReply) => {
      introduce(request, reply);
      sendRefusal(request, reply, { status: statusCode, code: 'UNSUPPORTED', message: 'the URL cannot be read' });
    },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    genReqId: () => randomUUID(),
    logger: false,
  });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    bodyParser: false,
    logger: ['error', 'warn'],
    abortOnError: false,
    forceCloseConnections: false,
  });
  const server = adapter.getInstance();
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, _payload, done) => done(null));
  server.addHook('onRequest', (request, _reply, done) => runInTrace(single(request.headers.traceparent), done));
  server.addHook('onRequest', async (request, reply) => {
    introduce(request, reply);
    assertSingleHeaders(request.raw);
  });
  const origin = app.get(ExternalOrigin);
  server.addHook('onRequest', (request, _reply, done) => withAddress(() => origin.clientAddress(request), done));
  let isClosing = false;
  server.addHook('preClose', async () => {
    isClosing = true;
  });
  // Fastify says so to requests that come during the drain; those that were there before it have to hear it, too.
  server.addHook('onSend', (request, reply, _payload, done) => {
    if (request.url.startsWith('/api/')) tellRateLimit(reply);
    if (isClosing) reply.header('connection', 'close');
    done();
  });
  holdContinue(server.server);
  app.useGlobalFilters(new ErrorFilter(log));
  try {
    await app.init();
    assertPolicies(app);
    return app;
  } catch (error) {
    await app.close(); // what was started already must not outlive the failure
    throw error;
  }
}

/** Headers that every answer has, whatever it says. */
function introduce(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-request-id', request.id);
  if (request.url.startsWith('/api/')) reply.header('x-github-request-id', request.id);
  if (request.url.startsWith('/v2')) reply.header('docker-distribution-api-version', 'registry/2.0');
}
