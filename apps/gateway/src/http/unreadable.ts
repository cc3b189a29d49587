import { randomUUID } from 'node:crypto';
import type { OutgoingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { ERRORS } from '#oci';

/** What Node's parser says of a request, where it is not simply a bad one. */
const STATUS: Record<string, string> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/**
 * Answers what Node cannot read as HTTP, in the specification's form like any other refusal, and ends the connection: where
 * the next request would begin nobody knows.
 */
export function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  const { _httpMessage: answering } = socket as Socket & { _httpMessage?: OutgoingMessage };
  // A body that breaks off may belong to a request whose answer is already on its way.
  if (error.code === 'ECONNRESET' || !socket.writable || answering?.headersSent) {
    socket.destroy();
    return;
  }
  const detail = { reason: 'this is no HTTP request that can be read' };
  const body = JSON.stringify({ errors: [{ code: 'UNSUPPORTED', message: ERRORS.UNSUPPORTED.message, detail }] });
  socket.end(
    `HTTP/1.1 ${STATUS[error.code ?? ''] ?? '400 Bad Request'}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `X-Request-Id: ${randomUUID()}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
