interface Gathering<V> {
  /** Keys kept at most; what comes beyond them until the next flush is not kept. */
  limit: number;
  everyMs: number;
  /** What a key that comes again makes of what it had. */
  merge(known: V, more: V): V;
  /** Writes what was gathered. When it fails, that is lost: these are counts, not facts. */
  flush(entries: Array<[string, V]>): Promise<void>;
  /** Hears of a flush that failed. */
  onError(error: unknown): void;
}

/** Gathers small facts in memory, bounded, and writes them now and then, so that no request waits for them. */
export class Gathered<V> {
  private entries = new Map<string, V>();
  private readonly timer: NodeJS.Timeout;
  private flushing: Promise<void> = Promise.resolve();

  constructor(private readonly gathering: Gathering<V>) {
    this.timer = setInterval(() => void this.flush(), gathering.everyMs).unref();
  }

  add(key: string, value: V): void {
    const known = this.entries.get(key);
    if (known !== undefined) this.entries.set(key, this.gathering.merge(known, value));
    else if (this.entries.size < this.gathering.limit) this.entries.set(key, value);
  }

  /** One at a time, in the order in which it was gathered. Never throws. */
  flush(): Promise<void> {
    const entries = [...this.entries];
    this.entries = new Map();
    if (entries.length > 0) {
      this.flushing = this.flushing
        .then(() => this.gathering.flush(entries))
        .catch((error) => this.gathering.onError(error));
    }
    return this.flushing;
  }

  /** Writes what is left. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }
}
