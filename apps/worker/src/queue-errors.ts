import type { WorkerHost } from '@nestjs/bullmq';
import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { Logger } from 'pino';
import { Counter, register } from 'prom-client';
import { LOG } from '#nest';
import { GcBrake } from '#registry';
import { JOBS } from './jobs/index.js';
import { WorkerQueues } from './schedules.js';

/** One break of the connection reaches every queue and worker, through each of its listeners. */
const QUIET_MS = 10_000;
/** No job begins another batch then, and batches are short. */
const CLOSE_MS = 10_000;

/** The jobs, as Nest made them. */
export class WorkerJobs {
  constructor(readonly all: readonly WorkerHost[]) {}
}

export const workerJobs = {
  provide: WorkerJobs,
  inject: JOBS,
  useFactory: (...jobs: WorkerHost[]) => new WorkerJobs(jobs),
};

/**
 * Logs what goes wrong between BullMQ and its database: BullMQ itself goes on trying, and where nobody listens it
 * writes the error with all that hangs on it to the console. Tells and counts jobs that failed for good as well, and at the end
 * closes the workers before anything that they use.
 */
@Injectable()
export class QueueErrors implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private isStopping = false;
  private loggedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly queues: WorkerQueues,
    private readonly jobs: WorkerJobs,
    private readonly brake: GcBrake,
    @Inject(LOG) private readonly log: Logger,
  ) {}

  onApplicationBootstrap(): void {
    for (const queue of this.queues.all) queue.on('error', this.report);
    for (const { worker } of this.jobs.all) {
      worker.on('error', this.report);
      worker.on('failed', (job, error) => {
        const queue = worker.name;
        // A job whose worker died twice has no attempts left, however many it had.
        if (job && job.finishedOn === undefined) {
          this.log.info({ queue, attempt: job.attemptsMade, reason: error.message }, 'a job is tried again');
          return;
        }
        FAILED.inc({ queue });
        this.log.error({ err: error, queue, job: job?.id }, 'a job failed');
      });
    }
  }

  /** From here on connections close, and the database may be quicker than the queues. */
  beforeApplicationShutdown(): Promise<void> {
    return this.close();
  }

  /** Lets jobs under way end, for a while; then takes no answer of a backend that is gone for one. Safe to repeat. */
  async close(): Promise<void> {
    this.isStopping = true;
    this.brake.end();
    const open = new Set(this.jobs.all.map(({ worker }) => worker));
    const closed = Promise.all([...open].map((worker) => worker.close().finally(() => open.delete(worker))));
    const late = new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref());
    await Promise.race([closed, late]);
    for (const worker of open) {
      this.log.warn({ queue: worker.name }, 'a job did not end in time: another worker takes it up');
      worker.close = () => Promise.resolve(); // Nest, too, would wait for it
    }
  }

  private readonly report = (error: Error & { code?: string }): void => {
    if (this.isStopping || Date.now() - this.loggedAt < QUIET_MS) return;
    this.loggedAt = Date.now();
    this.log.warn({ reason: error.message, code: error.code }, 'the queues lost a connection to their database');
  };
}

const FAILED = new Counter({
  name: 'berth_jobs_failed_total',
  help: 'Jobs that failed after all their attempts',
  labelNames: ['queue'],
  registers: [register],
});
