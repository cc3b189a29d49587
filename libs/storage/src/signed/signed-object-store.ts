import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { ByteRange } from '#oci';
import {
  type ObjectKeeper,
  type ObjectKey,
  ObjectMissingError,
  type ObjectSigner,
  ObjectStore,
  type PartPlace,
  type StoredPart,
} from '#registry';
import { crc32Of } from '../crc32.js';
import { writePartToken } from '../part-token.js';
import { retry } from './retry.js';
import { fetchBody, sendBody, TRANSFER_LIMITS, type TransferLimits } from './signed-transfer.js';

/**
 * An object store for a process that has no credentials of it: bytes go by signed requests straight to the store and back,
 * everything else is done by whoever signs. Each write carries a checksum that the store verifies.
 * Signer and keeper are S3's in the same process, or RPC.
 */
export class SignedObjectStore extends ObjectStore {
  constructor(
    private readonly signer: ObjectSigner,
    private readonly keeper: ObjectKeeper,
    private readonly limits: TransferLimits = TRANSFER_LIMITS,
  ) {
    super();
  }

  override async put(key: ObjectKey, chunks: readonly Uint8Array[]): Promise<void> {
    const hash = createHash('sha256');
    for (const chunk of chunks) hash.update(chunk);
    const body = { size: sizeOf(chunks), sha256: hash.digest('hex') };
    await retry(async () => sendBody(await this.signer.signPut(key, body, 'berth'), chunks, this.limits));
  }

  override startMultipart(key: ObjectKey): Promise<string> {
    return this.keeper.startMultipart(key, true);
  }

  override async writePart(
    key: ObjectKey,
    uploadId: string,
    { number }: PartPlace,
    chunks: readonly Uint8Array[],
  ): Promise<StoredPart> {
    const part = { number, size: sizeOf(chunks), crc32: crc32Of(chunks) };
    const etag = await retry(async () =>
      sendBody(await this.signer.signPart(key, uploadId, part, 'berth'), chunks, this.limits),
    );
    return { number, size: part.size, etag: writePartToken({ etag, crc32: part.crc32 }) };
  }

  override completeMultipart(key: ObjectKey, uploadId: string, parts: readonly StoredPart[]): Promise<void> {
    return this.keeper.completeMultipart(key, uploadId, parts);
  }

  override size(key: ObjectKey): Promise<number | undefined> {
    return this.keeper.size(key);
  }

  override async read(key: ObjectKey, range?: ByteRange): Promise<Readable> {
    const body = await retry(async () => fetchBody(await this.signer.signGet(key, 'berth'), range, this.limits));
    if (!body) throw new ObjectMissingError(key);
    return body;
  }
}

const sizeOf = (chunks: readonly Uint8Array[]): number => chunks.reduce((sum, chunk) => sum + chunk.length, 0);
