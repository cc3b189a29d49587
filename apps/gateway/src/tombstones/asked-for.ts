import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { type Actor, type AskedFor as Asked, Tombstones } from '#registry';
import { identityOf } from '../access/identity.js';
import { Gathered } from '../gathering/gathered.js';

/** Removed things that one process counts between two writes. */
const MAX_KEYS = 10_000;
const WRITE_MS = 10_000;
const AT_ONCE = 1000;

/** Counts requests for what was removed, in memory: no answer waits for it. */
@Injectable()
export class AskedFor implements OnModuleDestroy {
  private readonly log = new Logger(AskedFor.name);
  private readonly asked: Gathered<Asked>;

  constructor(private readonly tombstones: Tombstones) {
    this.asked = new Gathered<Asked>({
      limit: MAX_KEYS,
      everyMs: WRITE_MS,
      merge: (known, more) => ({ ...more, count: known.count + more.count }),
      flush: (entries) => this.write(entries.map(([, asked]) => asked)),
      onError: (error) => this.log.warn(`requests for removed manifests could not be counted: ${error}`),
    });
  }

  note(packageId: number, reference: string, actor: Actor): void {
    const asked = { packageId, reference, count: 1, lastAt: new Date(), lastBy: identityOf(actor) };
    this.asked.add(`${packageId} ${reference}`, asked);
  }

  private async write(asked: Asked[]): Promise<void> {
    for (let i = 0; i < asked.length; i += AT_ONCE) await this.tombstones.count(asked.slice(i, i + AT_ONCE));
  }

  async onModuleDestroy(): Promise<void> {
    await this.asked.stop();
  }
}
