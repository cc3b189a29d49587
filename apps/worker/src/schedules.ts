import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { OBJECT_DELETIONS, UPLOAD_EXPIRY } from '#queue';

const SECOND = 1000;
/** Finished jobs say nothing that the database does not. */
const KEEP = { removeOnComplete: 10, removeOnFail: 100 };

/** Keeps the worker looking. Schedulers are stored with the queue: starting twice, or in two workers, makes no second one. */
@Injectable()
export class Schedules implements OnApplicationBootstrap {
  constructor(
    @InjectQueue(OBJECT_DELETIONS) private readonly objectDeletions: Queue,
    @InjectQueue(UPLOAD_EXPIRY) private readonly uploadExpiry: Queue,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.objectDeletions.upsertJobScheduler('look', { every: 30 * SECOND }, { opts: KEEP });
    await this.uploadExpiry.upsertJobScheduler('look', { every: 60 * SECOND }, { opts: KEEP });
  }
}
