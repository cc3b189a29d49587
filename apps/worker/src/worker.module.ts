import { BullModule } from '@nestjs/bullmq';
import { type DynamicModule, Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { LOG, useCase } from '#nest';
import { QUEUES, type Queues } from '#queue';
import {
  ApplyRetention,
  CollectBlobs,
  CollectLinks,
  Collectors,
  CollectUntagged,
  DeleteObjects,
  EvictBuildCaches,
  ExpireUploads,
  Garbage,
  GcBrake,
  GcRunQueue,
  GcRuns,
  MeasureStorage,
  ObjectHasher,
  ObjectStore,
  OwnedObjectStore,
  Purge,
  QueueDashboard,
  Reconcile,
  Reconciling,
  RetentionStore,
  RetentionWork,
  RewriteMarks,
  RunGc,
  Scrub,
  Scrubbing,
  StorageMeasuring,
  Traffic,
  UntaggedRules,
} from '#registry';
import { BullBoard } from './dashboard/bull-board.js';
import { JOBS } from './jobs/index.js';
import { QueueErrors, workerJobs } from './queue-errors.js';
import { Schedules, WorkerQueues, workerQueues } from './schedules.js';

/** What runs by itself: garbage collection. Facts stand in the database; jobs only say "look now". */
@Module({})
export class WorkerModule {
  static for({ connection, ping }: Queues, traffic: Traffic, log: Logger): DynamicModule {
    return {
      module: WorkerModule,
      global: true, // where the gateway is in the same process, it asks for the dashboard
      exports: [QueueDashboard],
      imports: [BullModule.forRoot({ connection }), BullModule.registerQueue(...QUEUES.map((name) => ({ name })))],
      providers: [
        { provide: Traffic, useValue: traffic },
        useCase(GcBrake, GcRuns, Traffic),
        useCase(RewriteMarks, UntaggedRules, GcBrake),
        useCase(ApplyRetention, RetentionStore, RetentionWork, GcBrake),
        useCase(CollectUntagged, Garbage, GcBrake),
        useCase(EvictBuildCaches, Garbage, GcBrake),
        useCase(Purge, Garbage, GcBrake),
        useCase(ExpireUploads, Garbage, GcBrake),
        useCase(CollectLinks, Garbage, GcBrake),
        useCase(CollectBlobs, Garbage, GcBrake),
        useCase(DeleteObjects, Garbage, OwnedObjectStore, GcBrake),
        useCase(
          Collectors,
          RewriteMarks,
          ApplyRetention,
          CollectUntagged,
          EvictBuildCaches,
          Purge,
          ExpireUploads,
          CollectLinks,
          CollectBlobs,
          DeleteObjects,
        ),
        useCase(RunGc, GcRunQueue, Garbage, Collectors),
        useCase(Reconcile, Reconciling, OwnedObjectStore, GcBrake),
        useCase(Scrub, Scrubbing, ObjectStore, ObjectHasher),
        useCase(MeasureStorage, StorageMeasuring, GcBrake),
        ...JOBS,
        workerQueues,
        workerJobs,
        Schedules,
        QueueErrors,
        {
          provide: QueueDashboard,
          inject: [WorkerQueues],
          useFactory: (queues: WorkerQueues) => new BullBoard(queues.all, ping),
        },
        { provide: LOG, useValue: log },
      ],
    };
  }
}
