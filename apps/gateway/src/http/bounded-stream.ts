import type { IncomingMessage } from 'node:http';
import { askForBody } from './expect-continue.js';

/** A sender slower than this, while Berth waits for it, is cut off: it would hold a buffer for nothing. */
const MIN_BYTES_PER_SECOND = 1024;
const WINDOW_MS = 30_000;

/**
 * The body's chunks. The clock for the minimum rate runs only while Berth waits for the client, not while the client waits
 * for Berth. `destroyOnReturn: false` leaves the socket usable for the answer when reading stops early.
 */
export async function* boundedStream(request: IncomingMessage): AsyncGenerator<Buffer> {
  askForBody(request);
  const iterator = request.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
  let received = 0;
  let waited = 0;
  try {
    for (;;) {
      const since = Date.now();
      const timer = setTimeout(() => request.destroy(new Error('the client stopped sending')), WINDOW_MS);
      const next = await iterator.next().finally(() => clearTimeout(timer));
      if (next.done) return;
      waited += Date.now() - since;
      received += next.value.length;
      if (waited > WINDOW_MS) {
        if (received < (MIN_BYTES_PER_SECOND * waited) / 1000)
          request.destroy(new Error('the client sends too slowly'));
        waited = received = 0;
      }
      yield next.value;
    }
  } finally {
    await iterator.return?.(); // else nobody could read, and throw away, the rest of a body that is refused
  }
}
