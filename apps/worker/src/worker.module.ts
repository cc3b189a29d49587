import { BullModule } from '@nestjs/bullmq';
import { type DynamicModule, Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { LOG, useCase } from '#nest';
import { OBJECT_DELETIONS, type Queues, UPLOAD_EXPIRY } from '#queue';
import { DeleteObjects, ExpireUploads, Garbage, ObjectStore } from '#registry';
import { DeleteObjectsJob } from './jobs/delete-objects.job.js';
import { ExpireUploadsJob } from './jobs/expire-uploads.job.js';
import { QueueErrors } from './queue-errors.js';
import { Schedules } from './schedules.js';

/** What runs by itself: deleting objects, ending uploads. Facts stand in the database; jobs only say "look now". */
@Module({})
export class WorkerModule {
  static for({ connection }: Queues, log: Logger): DynamicModule {
    return {
      module: WorkerModule,
      imports: [
        BullModule.forRoot({ connection }),
        BullModule.registerQueue({ name: OBJECT_DELETIONS }, { name: UPLOAD_EXPIRY }),
      ],
      providers: [
        useCase(DeleteObjects, Garbage, ObjectStore),
        useCase(ExpireUploads, Garbage),
        DeleteObjectsJob,
        ExpireUploadsJob,
        Schedules,
        QueueErrors,
        { provide: LOG, useValue: log },
      ],
    };
  }
}
