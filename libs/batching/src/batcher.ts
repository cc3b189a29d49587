/** Batches of one kind on the wire at the same time; more would only take connections from writers. */
const MAX_IN_FLIGHT = 2;
/** Keys that travel together at most. */
export const MAX_KEYS = 200;
/** Single keys that may fail in a row before the database is taken to be away: each may have waited for a time out. */
const MAX_FAILURES = 3;

interface Waiting<K, V> {
  key: K;
  resolve: (value: V) => void;
  reject: (error: unknown) => void;
}

/**
 * Makes one query, or one message, of all look-ups that wait at the same moment. A key joins only a batch that is not yet on the wire, so an
 * answer is never older than its question: joining a query in flight would answer with the past.
 */
export class Batcher<K, V> {
  private waiting: Waiting<K, V>[] = [];
  private inFlight = 0;
  private isScheduled = false;

  /** `load` answers one value for each key, in order. */
  constructor(private readonly load: (keys: K[]) => Promise<V[]>) {}

  find(key: K): Promise<V> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ key, resolve, reject });
      this.schedule();
    });
  }

  /** The batch is built after the present turn of the event loop, when all who ask in it have asked. */
  private schedule(): void {
    if (this.isScheduled || this.inFlight >= MAX_IN_FLIGHT || this.waiting.length === 0) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      void this.send();
    });
  }

  private async send(): Promise<void> {
    const batch = this.waiting.splice(0, MAX_KEYS);
    this.inFlight++;
    this.schedule();
    try {
      const values = await this.load(batch.map(({ key }) => key));
      batch.forEach(({ resolve }, i) => {
        resolve(values[i] as V);
      });
    } catch (error) {
      await this.sendOneByOne(batch, error);
    } finally {
      this.inFlight--;
      this.schedule();
    }
  }

  /** One bad key must not fail its neighbours; keys that fail one after the other are not what is bad. */
  private async sendOneByOne(batch: Waiting<K, V>[], error: unknown): Promise<void> {
    if (batch.length === 1) return batch[0]?.reject(error);
    let failures = 0;
    for (const { key, resolve, reject } of batch) {
      if (failures === MAX_FAILURES) {
        reject(error);
        continue;
      }
      try {
        const [value] = await this.load([key]);
        failures = 0;
        resolve(value as V);
      } catch (reason) {
        failures++;
        reject(reason);
      }
    }
  }
}
