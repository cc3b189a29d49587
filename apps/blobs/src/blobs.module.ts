import { type DynamicModule, Module } from '@nestjs/common';
import { LocalObjectHasher, ObjectHasher, ObjectKeeper, ObjectSigner, ObjectStore, OwnedObjectStore } from '#registry';
import type { Storage } from '#storage';

/** The object store: the bytes of blobs, and with the worker the only part that may touch them. */
@Module({})
export class BlobsModule {
  static for({ objects, signed }: Storage): DynamicModule {
    const providers = [
      { provide: ObjectStore, useValue: objects },
      { provide: OwnedObjectStore, useValue: objects },
      { provide: ObjectHasher, useValue: new LocalObjectHasher(objects) },
      ...(signed
        ? [
            { provide: ObjectSigner, useValue: signed.signer },
            { provide: ObjectKeeper, useValue: signed.keeper },
          ]
        : []),
    ];
    return { module: BlobsModule, providers, exports: providers.map(({ provide }) => provide) };
  }
}
