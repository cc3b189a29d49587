import { getQueueToken } from '@nestjs/bullmq';
import { type FactoryProvider, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Queue } from 'bullmq';
import {
  BUILD_CACHES,
  GC_RUNS,
  IDLE_BLOBS,
  IDLE_LINKS,
  MARKS,
  OBJECT_DELETIONS,
  PURGE,
  QUEUES,
  RECONCILE,
  RETENTION,
  SCRUB,
  STORAGE_USE,
  UNTAGGED_MANIFESTS,
  UPLOAD_EXPIRY,
} from '#queue';
import { failpoint } from '#registry';

const SECOND = 1000;
/** How often each queue's job looks at the database. */
const EVERY: Record<(typeof QUEUES)[number], number> = {
  [GC_RUNS]: 2 * SECOND,
  [OBJECT_DELETIONS]: 30 * SECOND,
  [IDLE_BLOBS]: 30 * SECOND,
  [UPLOAD_EXPIRY]: 60 * SECOND,
  [IDLE_LINKS]: 60 * SECOND,
  [UNTAGGED_MANIFESTS]: 60 * SECOND,
  [BUILD_CACHES]: 60 * SECOND,
  [MARKS]: 60 * SECOND,
  [RETENTION]: 3600 * SECOND,
  [PURGE]: 60 * SECOND,
  [STORAGE_USE]: 20 * SECOND,
  [RECONCILE]: 5 * SECOND,
  [SCRUB]: 30 * SECOND,
};
const BACKOFF_MS = 2 * SECOND;
const MIN_ATTEMPTS = 3;
const MAX_ATTEMPTS = 12;
/** How often schedules are put back that a Redis lost. */
const CHECK_MS = 15 * SECOND;
const SCHEDULER = 'look';
/** A schedule whose time passed by as much, with no job to come of it, does not run by itself any more. */
const STUCK_MS = 60 * SECOND;

/** Every queue of the worker, in the order of `QUEUES`. */
export class WorkerQueues {
  constructor(readonly all: readonly Queue[]) {}
}

export const workerQueues: FactoryProvider<WorkerQueues> = {
  provide: WorkerQueues,
  inject: QUEUES.map((name) => getQueueToken(name)),
  useFactory: (...queues: Queue[]) => new WorkerQueues(queues),
};

/**
 * Keeps the worker looking. Schedulers are stored with the queue: starting twice, or in two workers, makes no second one. A
 * queue that cannot be reached now gets its scheduler later.
 */
@Injectable()
export class Schedules implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly pending = new Set<Queue>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly queues: WorkerQueues) {}

  onApplicationBootstrap(): void {
    this.putBack();
    this.timer = setInterval(() => this.putBack(), CHECK_MS);
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** Makes the schedulers that are not there. Calls to a backend that is away wait for it: one for each queue is enough. */
  private putBack(): void {
    for (const queue of this.queues.all) {
      if (this.pending.has(queue)) continue;
      this.pending.add(queue);
      void ensure(queue, EVERY[queue.name as keyof typeof EVERY]).finally(() => this.pending.delete(queue));
    }
  }
}

/** One that an older release made may look at other times. */
async function ensure(queue: Queue, every: number): Promise<void> {
  try {
    const known = await queue.getJobScheduler(SCHEDULER);
    if (known && Number(known.every) === every && !(await isStuck(queue, known.next ?? 0))) return;
    await queue.upsertJobScheduler(SCHEDULER, { every }, { opts: jobOptions(every) });
    failpoint('scheduled');
  } catch (error) {
    queue.emit('error', error as Error); // where errors of the backend are logged; the next round tries again
  }
}

/** Each job of a schedule makes the next one: where a Redis lost only the job, nothing would. */
async function isStuck(queue: Queue, next: number): Promise<boolean> {
  if (next > Date.now() - STUCK_MS) return false;
  const counts = await queue.getJobCounts('active', 'waiting', 'delayed', 'prioritized');
  return Object.values(counts).every((count) => count === 0);
}

/**
 * Finished jobs say nothing that the database does not; the last ones are kept for operators to see. One that fails is tried
 * again, twice as long after each time, within half of the time to the next look: what looks once a day outlasts an hour's
 * trouble.
 */
function jobOptions(every: number) {
  const fitting = Math.floor(Math.log2(every / 2 / BACKOFF_MS + 1)) + 1;
  return {
    removeOnComplete: 10,
    removeOnFail: 100,
    attempts: Math.min(MAX_ATTEMPTS, Math.max(MIN_ATTEMPTS, fitting)),
    backoff: { type: 'exponential', delay: BACKOFF_MS, jitter: 0.25 },
  };
}
