import { randomUUID } from 'node:crypto';
import type { OutgoingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { ERRORS } from '#oci';

/** What Node's parser says of a request, where it is not simply a bad one. */
const STATUS: Record<string, string> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** A client that still sends sees the answer only when somebody takes its bytes; more than this is not worth it. */
const MAX_DISCARDED_BYTES = 8 * 1024 * 1024;
const MAX_DISCARDING_MS = 5000;

/** Answered, with what `bytesRead` may still become. */
const answered = new WeakMap<Socket, number>();

/**
 * Answers what Node cannot read as HTTP, in the specification's form like any other refusal, and ends the connection: where
 * the next request would begin nobody knows. Closed with bytes unread, it would be reset, and the answer perhaps lost with it
 * (RFC 9112 section 9.6): it stays until the client ends it, or sends too much. Node calls this again for whatever comes.
 */
export function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  const limit = answered.get(socket);
  if (limit !== undefined) {
    if (socket.bytesRead > limit || error.code === 'ECONNRESET') socket.destroy();
    return;
  }
  const { _httpMessage: answering } = socket as Socket & { _httpMessage?: OutgoingMessage };
  // A body that breaks off may belong to a request whose answer is already on its way.
  if (error.code === 'ECONNRESET' || !socket.writable || answering?.headersSent) {
    socket.destroy();
    return;
  }
  const detail = { reason: 'this is no HTTP request that can be read' };
  const body = JSON.stringify({ errors: [{ code: 'UNSUPPORTED', message: ERRORS.UNSUPPORTED.message, detail }] });
  answered.set(socket, socket.bytesRead + MAX_DISCARDED_BYTES);
  const timer = setTimeout(() => socket.destroy(), MAX_DISCARDING_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.end(
    `HTTP/1.1 ${STATUS[error.code ?? ''] ?? '400 Bad Request'}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `X-Request-Id: ${randomUUID()}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
