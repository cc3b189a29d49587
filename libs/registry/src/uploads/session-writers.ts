import { fail } from '#oci';

interface Writer {
  abort: AbortController;
  settled: Promise<void>;
}

/**
 * The newest request owns an upload session: an older one of this process is stopped, and has stopped writing, before the
 * newer one begins. (Between processes the session's generation tells the older one at its next durable step.)
 */
export class SessionWriters {
  private readonly writers = new Map<string, Writer>();

  /** Runs `work` as the session's only writer here; `signal` fires when a newer request takes over. */
  async run<T>(sessionId: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const previous = this.writers.get(sessionId);
    const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
    const mine: Writer = { abort: new AbortController(), settled };
    this.writers.set(sessionId, mine);
    try {
      previous?.abort.abort();
      await previous?.settled;
      return await work(mine.abort.signal);
    } finally {
      if (this.writers.get(sessionId) === mine) this.writers.delete(sessionId);
      settle();
    }
  }
}

/** What a request is told whose session a newer one took. */
export function superseded(): never {
  return fail('BLOB_UPLOAD_INVALID', { reason: 'a newer request goes on with this upload' }, { status: 416 });
}

/**
 * The chunks until a newer request takes over, even while none arrives; then the body is let go of, so that somebody else
 * can read what still comes. Errors: BLOB_UPLOAD_INVALID with status 416.
 */
export async function* untilSuperseded(
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  let wake: ((taken: 'taken') => void) | undefined;
  signal.addEventListener('abort', () => wake?.('taken'), { once: true });
  try {
    while (!signal.aborted) {
      const next = await new Promise<IteratorResult<Uint8Array> | 'taken'>((resolve, reject) => {
        wake = resolve;
        iterator.next().then(resolve, reject);
      });
      if (next === 'taken') break;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Not awaited: it comes about only after the chunk that is awaited, which may never arrive.
    iterator.return?.().catch(() => undefined);
  }
  superseded();
}
