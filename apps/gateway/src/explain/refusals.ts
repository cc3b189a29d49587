import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { type RefusalCount, RefusalStore } from '#auth';
import { identityOf } from '../access/identity.js';
import type { Judgement } from '../access/judge.js';
import { Gathered } from '../gathering/gathered.js';

/** Kinds of refusals that one process keeps between two writes. */
const MAX_KINDS = 10_000;
const WRITE_MS = 10_000;
const AT_ONCE = 1000;
/** What names that are not there count under, until they are dropped: noting a refusal takes the same time for them. */
const ABSENT = 0;

/** Counts refusals on packages, in memory: nothing about a refusal waits for it. */
@Injectable()
export class Refusals implements OnModuleDestroy {
  private readonly log = new Logger(Refusals.name);
  private readonly counts: Gathered<number>;

  constructor(private readonly store: RefusalStore) {
    this.counts = new Gathered<number>({
      limit: MAX_KINDS,
      everyMs: WRITE_MS,
      merge: (known, more) => known + more,
      flush: (entries) => this.write(entries),
      onError: (error) => this.log.warn(`refusals could not be counted: ${error}`),
    });
  }

  note(action: string, { decision, facts, actor }: Judgement): void {
    this.counts.add(JSON.stringify([facts.package?.id ?? ABSENT, identityOf(actor), action, decision.rule]), 1);
  }

  private async write(entries: Array<[string, number]>): Promise<void> {
    const counts = entries
      .map(([key, count]): RefusalCount => {
        const [packageId, identity, action, rule] = JSON.parse(key) as [number, string, string, string];
        return { packageId, identity, action, rule, count };
      })
      .filter(({ packageId }) => packageId !== ABSENT);
    for (let i = 0; i < counts.length; i += AT_ONCE) await this.store.record(counts.slice(i, i + AT_ONCE));
  }

  async onModuleDestroy(): Promise<void> {
    await this.counts.stop();
  }
}
