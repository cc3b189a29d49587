import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { ALL_ROOM, type Room, Traffic } from '#registry';

/**
 * Of clients that push and pull in this same process. Batches of 200 took 40 to 60 ms of two processors, and few GETs of a manifest met
 * none of them: their p99 was two to nine times as long. A fifth of that, 3 % of the time, is within what a p99 leaves out.
 */
const BETWEEN_REQUESTS: Room = { share: 1 / 5, rest: 30, maxRestMs: 1000 };

/** The pushes and pulls that this process serves itself; an operator who follows a run does not hold it up. */
export class RequestTraffic extends Traffic {
  private isThere = false;

  constructor() {
    super();
    subscribe('http.server.request.start', (message) => {
      const { request } = message as { request: IncomingMessage };
      if (request.url?.startsWith('/v2/')) this.isThere = true;
    });
  }

  override room(): Room {
    const { isThere } = this;
    this.isThere = false;
    return isThere ? BETWEEN_REQUESTS : ALL_ROOM;
  }
}
