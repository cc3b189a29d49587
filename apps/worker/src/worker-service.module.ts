import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { garbageRules, type Settings } from '#config';
import {
  type Database,
  PrismaGarbage,
  PrismaGcRunQueue,
  PrismaGcRuns,
  PrismaReconciling,
  PrismaRetentionStore,
  PrismaRetentionWork,
  PrismaScrubbing,
  PrismaStorageMeasuring,
  PrismaTraffic,
  PrismaUntaggedRules,
} from '#database';
import type { Queues } from '#queue';
import {
  Garbage,
  GcRunQueue,
  GcRuns,
  LocalObjectHasher,
  ObjectHasher,
  ObjectStore,
  OwnedObjectStore,
  Reconciling,
  RetentionStore,
  RetentionWork,
  Scrubbing,
  StorageMeasuring,
  UntaggedRules,
} from '#registry';
import { WorkerModule } from './worker.module.js';

/** What the worker's process opened before Nest starts. */
export interface WorkerResources {
  settings: Settings;
  database: Database;
  objects: OwnedObjectStore;
  queues: Queues;
  log: Logger;
}

/** Gives the worker's ports their adapters: it has database and object store itself. */
@Global()
@Module({})
class WorkerAdaptersModule {
  static for({ settings, database, objects }: WorkerResources): DynamicModule {
    const providers = [
      { provide: Garbage, useValue: new PrismaGarbage(database, garbageRules(settings)) },
      { provide: GcRuns, useValue: new PrismaGcRuns(database) },
      { provide: Reconciling, useValue: new PrismaReconciling(database, settings.BERTH_BACKUP_HORIZON) },
      { provide: RetentionStore, useValue: new PrismaRetentionStore(database) },
      { provide: RetentionWork, useValue: new PrismaRetentionWork(database, garbageRules(settings)) },
      { provide: UntaggedRules, useValue: new PrismaUntaggedRules(database, settings.BERTH_UNTAGGED_AFTER) },
      { provide: GcRunQueue, useValue: new PrismaGcRunQueue(database) },
      { provide: Scrubbing, useValue: new PrismaScrubbing(database) },
      { provide: StorageMeasuring, useValue: new PrismaStorageMeasuring(database) },
      { provide: ObjectStore, useValue: objects },
      { provide: OwnedObjectStore, useValue: objects },
      { provide: ObjectHasher, useValue: new LocalObjectHasher(objects) },
    ];
    return { module: WorkerAdaptersModule, providers, exports: providers.map(({ provide }) => provide) };
  }
}

/** The worker as a service of its own. */
@Module({})
export class WorkerServiceModule {
  static for(resources: WorkerResources): DynamicModule {
    return {
      module: WorkerServiceModule,
      imports: [
        WorkerAdaptersModule.for(resources),
        WorkerModule.for(resources.queues, new PrismaTraffic(resources.database), resources.log),
      ],
    };
  }
}
