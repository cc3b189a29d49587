import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** Requests whose client waits to be told that its body is wanted. */
const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/**
 * Answers `Expect: 100-continue` only when a body is about to be read: who is refused hears it before sending gigabytes.
 * A connection whose client was never told to go on ends with the answer, as nobody knows whether a body still comes.
 */
export function holdContinue(server: Server): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.set(request, response.setHeader('connection', 'close'));
    server.emit('request', request, response);
  });
}

/** To be called before a body is read. */
export function askForBody(request: IncomingMessage): void {
  const response = waiting.get(request);
  if (!response) return;
  waiting.delete(request);
  response.removeHeader('connection');
  response.writeContinue();
}
