import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { Logger } from 'pino';
import type { Settings } from '#config';
import { BLOBS_CONTRACTS, type Contract, METADATA_CONTRACTS, WORKER_CONTRACTS } from '#contracts';
import { LOG, SETTINGS } from '#nest';
import { ObjectKeeper, ObjectSigner, ObjectStore } from '#registry';
import { type RpcClient, remotePort } from '#rpc';
import { SignedObjectStore } from '#storage';

/** The services that the gateway asks. */
export interface Remotes {
  metadata: RpcClient;
  blobs: RpcClient;
  /** Undefined where the operator named none: there is no queue dashboard then. */
  worker: RpcClient | undefined;
}

/** Gives every port an adapter that asks another service. All that differs from all-in-one stands here. */
@Global()
@Module({})
export class RemoteAdaptersModule {
  static for(settings: Settings, { metadata, blobs, worker }: Remotes, log: Logger): DynamicModule {
    const providers = [
      { provide: SETTINGS, useValue: settings },
      { provide: LOG, useValue: log },
      ...adapters(METADATA_CONTRACTS, metadata),
      ...adapters(BLOBS_CONTRACTS, blobs),
      ...(worker ? adapters(WORKER_CONTRACTS, worker) : []),
      {
        provide: ObjectStore,
        inject: [ObjectSigner, ObjectKeeper],
        useFactory: (signer: ObjectSigner, keeper: ObjectKeeper) => new SignedObjectStore(signer, keeper),
      },
    ];
    return { module: RemoteAdaptersModule, providers, exports: providers.map(({ provide }) => provide) };
  }
}

const adapters = (contracts: ReadonlyArray<Contract<object>>, client: RpcClient) =>
  contracts.map((contract) => ({ provide: contract.port, useValue: remotePort(contract, client) }));
