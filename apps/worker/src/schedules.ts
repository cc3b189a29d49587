import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { OBJECT_DELETIONS, UPLOAD_EXPIRY } from '#queue';

const SECOND = 1000;
/** Finished jobs say nothing that the database does not. One that fails is tried again before the next look. */
const JOB = {
  removeOnComplete: 10,
  removeOnFail: 100,
  attempts: 3,
  backoff: { type: 'exponential', delay: 2 * SECOND },
};
/** How often schedules are put back that a Redis lost. */
const CHECK_MS = 15 * SECOND;
const SCHEDULER = 'look';

/**
 * Keeps the worker looking. Schedulers are stored with the queue: starting twice, or in two workers, makes no second one. A
 * queue that cannot be reached now gets its scheduler later.
 */
@Injectable()
export class Schedules implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly every: ReadonlyArray<[Queue, number]>;
  private readonly pending = new Set<Queue>();
  private timer: NodeJS.Timeout | undefined;

  constructor(@InjectQueue(OBJECT_DELETIONS) objectDeletions: Queue, @InjectQueue(UPLOAD_EXPIRY) uploadExpiry: Queue) {
    this.every = [
      [objectDeletions, 30 * SECOND],
      [uploadExpiry, 60 * SECOND],
    ];
  }

  onApplicationBootstrap(): void {
    this.putBack();
    this.timer = setInterval(() => this.putBack(), CHECK_MS);
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** Makes the schedulers that are not there. Calls to a backend that is away wait for it: one for each queue is enough. */
  private putBack(): void {
    for (const [queue, every] of this.every) {
      if (this.pending.has(queue)) continue;
      this.pending.add(queue);
      void ensure(queue, every).finally(() => this.pending.delete(queue));
    }
  }
}

async function ensure(queue: Queue, every: number): Promise<void> {
  try {
    if (await queue.getJobScheduler(SCHEDULER)) return;
    await queue.upsertJobScheduler(SCHEDULER, { every }, { opts: JOB });
  } catch (error) {
    queue.emit('error', error as Error); // where errors of the backend are logged; the next round tries again
  }
}
