import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** How soon a connection is tried for again, at first and at most. */
const RETRY_MS = 100;
const MAX_RETRY_MS = 3000;

type Callback = Parameters<pg.Pool['connect']>[0];

/**
 * A pool that goes on trying until it has a connection, as clients of Redis do. BullMQ keeps the refusal that a queue or
 * worker met at its start, and each worker then asks again at once: a loop that leaves no turn for timers, signals or
 * requests. So no refusal reaches it. What it asks for takes longer, and refusals are told as errors of the pool.
 */
export class PatientPool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Callback): void;
  override connect(callback?: Callback): Promise<pg.PoolClient> | undefined {
    const connected = this.untilConnected();
    if (!callback) return connected;
    void connected.then((client) => callback(undefined, client, (broken) => client.release(broken)));
    return undefined;
  }

  /** Asks once. Errors: whatever keeps the database from answering. */
  async ping(): Promise<void> {
    const client = await super.connect();
    try {
      await client.query('SELECT 1');
    } finally {
      client.release();
    }
  }

  /** Who still asks when the pool has ended waits for ever: that, too, BullMQ would ask again at once. */
  private async untilConnected(): Promise<pg.PoolClient> {
    for (let wait = RETRY_MS; !this.ending; wait = Math.min(MAX_RETRY_MS, wait * 2)) {
      try {
        return await super.connect();
      } catch (error) {
        if (this.ending) break;
        this.emit('error', error as Error, undefined as never);
        await sleep(wait, undefined, { ref: false });
      }
    }
    return new Promise(() => undefined);
  }
}
