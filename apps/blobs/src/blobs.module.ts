import { type DynamicModule, Module } from '@nestjs/common';
import { ObjectStore } from '#registry';

/** The object store: the bytes of blobs, and with the worker the only part that may touch them. */
@Module({})
export class BlobsModule {
  static for(objects: ObjectStore): DynamicModule {
    return {
      module: BlobsModule,
      providers: [{ provide: ObjectStore, useValue: objects }],
      exports: [ObjectStore],
    };
  }
}
