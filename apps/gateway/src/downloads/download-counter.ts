import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  Optional,
} from '@nestjs/common';
import type { Logger } from 'pino';
import type { Principal } from '#auth';
import { LOG } from '#nest';
import type { Digest } from '#oci';
import { DownloadCounts, type Downloads } from '#registry';

const FLUSH_MS = 10_000;
/** Entries of one flush, and in memory: what comes on top while the database is away is not counted. */
const BATCH = 1000;
const MAX_ENTRIES = 50_000;

/**
 * Counts downloads in memory and adds them to the database every ten seconds and when Berth stops: a pull never waits for
 * a write. A crash loses ten seconds.
 */
@Injectable()
export class DownloadCounter implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private entries = new Map<string, Downloads>();
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> = Promise.resolve();

  constructor(
    private readonly counts: DownloadCounts,
    @Optional() @Inject(LOG) private readonly log?: Logger,
  ) {}

  /** One download: a manifest that was answered with 200. */
  count(packageId: number, digest: Digest, principal: Principal): void {
    const tokenId = principal.kind === 'user' ? principal.tokenId : undefined;
    const policyId = principal.kind === 'workflow' ? principal.policyId : undefined;
    const key = `${packageId} ${digest} ${tokenId} ${policyId}`;
    const known = this.entries.get(key);
    if (known) {
      known.count++;
      known.lastAt = new Date();
    } else if (this.entries.size < MAX_ENTRIES) {
      this.entries.set(key, { packageId, digest, tokenId, policyId, count: 1, lastAt: new Date() });
    }
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_MS);
    this.timer.unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  /** Flushes run one after the other; what fails is tried again with the next. */
  private flush(): Promise<void> {
    this.flushing = this.flushing.then(() => this.send());
    return this.flushing;
  }

  private async send(): Promise<void> {
    const pending = [...this.entries];
    this.entries = new Map();
    while (pending.length > 0) {
      const batch = pending.slice(0, BATCH);
      try {
        await this.counts.add(batch.map(([, downloads]) => downloads));
      } catch (error) {
        this.log?.warn({ err: error, entries: pending.length }, 'downloads could not be counted; trying again');
        this.takeBack(pending);
        return;
      }
      pending.splice(0, batch.length);
    }
  }

  private takeBack(pending: Array<[string, Downloads]>): void {
    for (const [key, downloads] of pending) {
      const known = this.entries.get(key);
      if (known) known.count += downloads.count;
      else if (this.entries.size < MAX_ENTRIES) this.entries.set(key, downloads);
    }
  }
}
