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
  // What is left of the body is not read: the connection cannot be used again.
  if (!request.raw.readableEnded && hasBody(request)) reply.header('connection', 'close');
  reply.status(status).headers(refusal.headers ?? {});
  if (request.url.startsWith('/admin/')) {
    reply.header('content-type', 'application/problem+json');
    if (status === 401) reply.header('www-authenticate', 'Basic realm="berth"');
    reply.send(JSON.stringify({ type: 'about:blank', status, title: message, detail, request_id: request.id }));
    return;
  }
  const body = JSON.stringify({ errors: [{ code, message, ...(detail !== undefined && { detail }) }] });
  reply.header('content-type', 'application/json');
  if (request.method === 'HEAD') reply.header('content-length', String(Buffer.byteLength(body))).send();
  else reply.send(body);
}

const hasBody = ({ headers }: FastifyRequest): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
