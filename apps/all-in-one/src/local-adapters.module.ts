import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { Logger } from 'pino';
import type { Settings } from '#config';
import type { Database } from '#database';
import { LOG, SETTINGS } from '#nest';
import type { Storage } from '#storage';
import { BlobsModule } from '../../blobs/src/blobs.module.js';
import { MetadataModule } from '../../metadata/src/metadata.module.js';

/** Gives every port its adapter in this same process. All that differs from the split services stands here. */
@Global()
@Module({})
export class LocalAdaptersModule {
  static for(settings: Settings, database: Database, storage: Storage, log: Logger): DynamicModule {
    return {
      module: LocalAdaptersModule,
      imports: [MetadataModule.for(database, settings), BlobsModule.for(storage)],
      providers: [
        { provide: SETTINGS, useValue: settings },
        { provide: LOG, useValue: log },
      ],
      exports: [SETTINGS, LOG, MetadataModule, BlobsModule],
    };
  }
}
