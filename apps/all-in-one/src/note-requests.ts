import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import type { Traffic } from '#registry';

/** Notes the pushes and pulls that this process serves; an operator who follows a run does not hold it up. */
export function noteRequests(traffic: Traffic): void {
  subscribe('http.server.request.start', (message) => {
    const { request } = message as { request: IncomingMessage };
    if (request.url?.startsWith('/v2/')) traffic.note();
  });
}
