import { createHash, randomBytes } from 'node:crypto';
import type { StoreFeatures } from '#registry';
import { crc32Of } from '../crc32.js';
import { writePartToken } from '../part-token.js';
import { sendBody, TRANSFER_LIMITS } from '../signed/signed-transfer.js';
import { StorageError } from '../signed/storage-error.js';
import type { S3Bucket } from './s3-bucket.js';
import { assertBucket, S3ObjectKeeper } from './s3-object-keeper.js';
import { S3ObjectSigner } from './s3-object-signer.js';

const BYTES = Buffer.from('Berth looks whether this store verifies checksums.');
const OTHER_BYTES = Buffer.from(BYTES.map((byte) => byte ^ 1));
const ALL: StoreFeatures = { verifiesPuts: true, verifiesMultipart: true };

/**
 * Sees what the store does with wrong bytes, whatever it says: a checksum counts as verified only if the wrong one is
 * refused (by 400, as one that may not write at all is refused, too) and the right one taken. Leaves no object behind.
 * Errors: StorageError when the bucket cannot be used.
 */
export async function probeBucket(bucket: S3Bucket): Promise<StoreFeatures> {
  await assertBucket(bucket);
  const verifiesPuts = await probePut(bucket);
  return { verifiesPuts, verifiesMultipart: await probeMultipart(bucket) };
}

async function probePut(bucket: S3Bucket): Promise<boolean> {
  const [signer, keeper, key] = [new S3ObjectSigner(bucket, ALL), new S3ObjectKeeper(bucket, ALL), probeKey()];
  const body = { size: BYTES.length, sha256: createHash('sha256').update(BYTES).digest('hex') };
  const put = async (bytes: Buffer) => sendBody(await signer.signPut(key, body, 'berth'), [bytes], TRANSFER_LIMITS);
  try {
    const isRefused = await isRefusal(put(OTHER_BYTES));
    await put(BYTES); // a store that takes nothing at all does not verify: this throws, and Berth does not start
    return isRefused;
  } finally {
    await keeper.delete([key]);
  }
}

async function probeMultipart(bucket: S3Bucket): Promise<boolean> {
  const [signer, keeper, key] = [new S3ObjectSigner(bucket, ALL), new S3ObjectKeeper(bucket, ALL), probeKey()];
  let uploadId: string | undefined;
  try {
    const id = await keeper.startMultipart(key, true);
    uploadId = id;
    const part = { number: 1, size: BYTES.length, crc32: crc32Of([BYTES]) };
    const etag = await sendBody(await signer.signPart(key, id, part, 'berth'), [BYTES], TRANSFER_LIMITS);
    const parts = [{ number: 1, size: BYTES.length, etag: writePartToken({ etag, crc32: part.crc32 }) }];
    const complete = (crc32: number) => keeper.complete(key, id, parts, crc32);
    if (!(await isRefusal(complete(crc32Of([OTHER_BYTES]))))) return false;
    await complete(part.crc32);
    return true;
  } catch (error) {
    // One that does not know the checksum refuses the right one as well.
    if (error instanceof StorageError && !error.isPassing) return false;
    throw error;
  } finally {
    if (uploadId !== undefined) await keeper.abortMultipart(key, uploadId);
    await keeper.delete([key]);
  }
}

const probeKey = () => `probe-${randomBytes(20).toString('hex')}`;

/** True for 400, false for success; anything else says nothing of checksums. */
async function isRefusal(attempt: Promise<unknown>): Promise<boolean> {
  try {
    await attempt;
    return false;
  } catch (error) {
    if (error instanceof StorageError && error.status === 400) return true;
    throw error;
  }
}
