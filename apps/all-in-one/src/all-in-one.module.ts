import { type DynamicModule, Module } from '@nestjs/common';
import type { Logger } from 'pino';
import type { Settings } from '#config';
import { type Database, PrismaTraffic } from '#database';
import type { Queues } from '#queue';
import type { Storage } from '#storage';
import { GatewayModule } from '../../gateway/src/gateway.module.js';
import { WorkerModule } from '../../worker/src/worker.module.js';
import { LocalAdaptersModule } from './local-adapters.module.js';
import { noteRequests } from './note-requests.js';

/** What the process opened before Nest starts. */
export interface Resources {
  settings: Settings;
  database: Database;
  storage: Storage;
  queues: Queues;
  log: Logger;
}

/** All four services in one process. */
@Module({})
export class AllInOneModule {
  static for({ settings, database, storage, queues, log }: Resources): DynamicModule {
    const traffic = new PrismaTraffic(database);
    noteRequests(traffic);
    return {
      module: AllInOneModule,
      imports: [
        LocalAdaptersModule.for(settings, database, storage, log),
        GatewayModule,
        WorkerModule.for(queues, traffic, log),
      ],
    };
  }
}
