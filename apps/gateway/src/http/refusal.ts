import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What goes to the client, before it takes the form of its API. */
export interface Refusal {
  status: number;
  code: string;
  message: string;
  detail?: unknown;
  headers?: Record<string, string>;
}

/** Writes a refusal in the form that the path's API has. */
export function sendRefusal(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): void {
  const { status, code, message, detail } = refusal;
  if (hasBody(request)) discardBody(request.raw);
  reply.status(status).headers(refusal.headers ?? {});
  const isOperatorApi = request.url.startsWith('/admin/');
  if (isOperatorApi || /^\/log(?:in|out)\b/.test(request.url)) {
    reply.header('content-type', 'application/problem+json');
    if (status === 401 && isOperatorApi) reply.header('www-authenticate', 'Basic realm="berth"');
    reply.send(JSON.stringify({ type: 'about:blank', status, title: message, detail, request_id: request.id }));
    return;
  }
  if (request.url.startsWith('/api/')) {
    if (status === 401) reply.header('www-authenticate', 'Bearer realm="berth"');
    reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(restBody(refusal)));
    return;
  }
  const body = JSON.stringify({ errors: [{ code, message, ...(detail !== undefined && { detail }) }] });
  reply.header('content-type', 'application/json');
  if (request.method === 'HEAD') reply.header('content-length', String(Buffer.byteLength(body))).send();
  else reply.send(body);
}

/** GitHub's form. Refusals of the server itself, such as a body that is too large, give their reason in the detail. */
function restBody({ status, code, message, detail }: Refusal): Record<string, string> {
  const { reason } = (detail ?? {}) as { reason?: string };
  return {
    message: code === 'NAME_UNKNOWN' ? 'Not Found' : (reason ?? message),
    documentation_url: '/api/v3/openapi.json',
    status: String(status),
  };
}

const hasBody = ({ headers }: FastifyRequest): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/** A client that still sends sees the answer only when somebody takes its bytes; more than this is not worth it. */
const MAX_DISCARDED_BYTES = 64 * 1024 * 1024;
const MAX_DISCARDING_MS = 30_000;

function discardBody(request: IncomingMessage): void {
  let discarded = 0;
  const timer = setTimeout(() => request.complete || request.destroy(), MAX_DISCARDING_MS);
  request.on('close', () => clearTimeout(timer));
  request.on('error', () => undefined); // the client may go away now
  closeAfter(request);
  request.on('data', (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > MAX_DISCARDED_BYTES) request.destroy();
  });
}

/**
 * Where the connection is not kept, Node closes it at the end of the answer. Closed with bytes unread, it is reset, and the
 * answer may be lost with it (RFC 9112 section 9.6): it stays until the body was read, or no more of it is.
 */
function closeAfter(request: IncomingMessage): void {
  const { socket } = request;
  let isDue = false;
  socket.destroySoon = () => {
    isDue = true;
  };
  request.once('end', () => {
    Reflect.deleteProperty(socket, 'destroySoon'); // what stood before it is the prototype's
    if (isDue) socket.destroySoon();
  });
}
