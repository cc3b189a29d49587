import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { fail } from '#oci';
import {
  type ListedObject,
  ObjectKeeper,
  type ObjectKey,
  type StoredPart,
  type StoreFeatures,
  type UploadPage,
} from '#registry';
import { crc32Combine, crc32Header } from '../crc32.js';
import { readPartToken } from '../part-token.js';
import { retry } from '../signed/retry.js';
import { StorageError } from '../signed/storage-error.js';
import { wholeKeys } from '../upload-page.js';
import type { S3Bucket } from './s3-bucket.js';

/** The store's words for parts that are not those it has. */
const REFUSED_PARTS = new Set(['InvalidPart', 'InvalidPartOrder', 'EntityTooSmall', 'NoSuchUpload']);

/** What S3 is asked without moving bytes: the port, and what only the bucket's owner asks (`S3ObjectStore`). The SDK repeats requests that fail in passing. */
export class S3ObjectKeeper extends ObjectKeeper {
  constructor(
    private readonly bucket: S3Bucket,
    private readonly seen: StoreFeatures,
  ) {
    super();
  }

  override async startMultipart(key: ObjectKey, isChecked: boolean): Promise<string> {
    const checksum = isChecked && this.seen.verifiesMultipart;
    let isRepeated = false;
    const { UploadId } = await retry(async () => {
      // The answer to the first attempt may have been lost: nobody knows the id of what it opened.
      if (isRepeated) await this.abortMultipart(key, undefined);
      isRepeated = true;
      return tell('start of a multipart upload', () =>
        this.bucket.onceClient.send(
          new CreateMultipartUploadCommand({
            ...this.target(key),
            ...this.bucket.encryption,
            ...(checksum && { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' }),
          }),
        ),
      );
    });
    if (!UploadId) throw new StorageError('start of a multipart upload gave no id', 200, undefined);
    return UploadId;
  }

  /**
   * An error may come after the fact: S3 answers 200 before it begins, a lost answer is repeated by the SDK and then finds
   * no upload. So the object decides: one of the right size under a key of this upload only is this upload's.
   */
  override async completeMultipart(key: ObjectKey, uploadId: string, parts: readonly StoredPart[]): Promise<void> {
    try {
      await this.complete(key, uploadId, parts, this.wholeCrc32(parts));
    } catch (error) {
      const expected = parts.reduce((sum, part) => sum + part.size, 0);
      if ((await this.size(key)) === expected) return;
      if (error instanceof StorageError && REFUSED_PARTS.has(error.code ?? '')) {
        fail('BLOB_UPLOAD_INVALID', { reason: `the object store does not have these parts (${error.code})` });
      }
      throw error;
    }
  }

  /** One attempt, with this CRC-32 of the whole. Errors: StorageError. */
  async complete(
    key: ObjectKey,
    uploadId: string,
    parts: readonly StoredPart[],
    crc32: number | undefined,
  ): Promise<void> {
    await tell('completion of a multipart upload', () =>
      this.bucket.client.send(
        new CompleteMultipartUploadCommand({
          ...this.target(key),
          UploadId: uploadId,
          ...(crc32 !== undefined && { ChecksumCRC32: crc32Header(crc32), ChecksumType: 'FULL_OBJECT' }),
          MultipartUpload: {
            Parts: parts.map((part) => this.named(part)),
          },
        }),
        { requestTimeout: this.bucket.timeouts.completionMs },
      ),
    );
  }

  /** A store that checks the whole asks for each part's checksum, too. */
  private named(part: StoredPart): CompletedPart {
    const { etag, crc32 } = readPartToken(part);
    const isChecked = crc32 !== undefined && this.seen.verifiesMultipart;
    return { PartNumber: part.number, ETag: etag, ...(isChecked && { ChecksumCRC32: crc32Header(crc32) }) };
  }

  private wholeCrc32(parts: readonly StoredPart[]): number | undefined {
    if (!this.seen.verifiesMultipart) return undefined;
    let whole = 0;
    for (const part of parts) {
      const { crc32 } = readPartToken(part);
      if (crc32 === undefined) return undefined;
      whole = crc32Combine(whole, crc32, part.size);
    }
    return whole;
  }

  async abortMultipart(key: ObjectKey, uploadId: string | undefined): Promise<void> {
    for (const id of uploadId === undefined ? await this.openUploads(key) : [uploadId]) {
      await tell('abort of a multipart upload', () =>
        this.bucket.client.send(new AbortMultipartUploadCommand({ ...this.target(key), UploadId: id })),
      ).catch((error) => (error.code === 'NoSuchUpload' || error.status === 404 ? undefined : raise(error)));
    }
  }

  /** Keys are random and as long as each other: at most a few uploads share this prefix. */
  private async openUploads(key: ObjectKey): Promise<string[]> {
    const { Uploads = [] } = await tell('list of multipart uploads', () =>
      this.bucket.client.send(new ListMultipartUploadsCommand({ Bucket: this.bucket.name, Prefix: key })),
    );
    return Uploads.flatMap(({ Key, UploadId }) => (Key === key && UploadId ? [UploadId] : []));
  }

  override async size(key: ObjectKey): Promise<number | undefined> {
    try {
      const { ContentLength } = await tell('look at an object', () =>
        this.bucket.client.send(new HeadObjectCommand(this.target(key))),
      );
      return ContentLength ?? 0;
    } catch (error) {
      if (!(error instanceof StorageError && error.status === 404)) throw error;
      // HEAD has no body and so no code: a bucket that is gone, or a proxy that does not find the store, says the same.
      await assertBucket(this.bucket);
      return undefined;
    }
  }

  async delete(keys: readonly ObjectKey[]): Promise<ObjectKey[]> {
    if (keys.length === 0) return [];
    const unique = [...new Set(keys)];
    const { Deleted = [], Errors = [] } = await tell('deletion of objects', () =>
      this.bucket.client.send(
        new DeleteObjectsCommand({ Bucket: this.bucket.name, Delete: { Objects: unique.map((Key) => ({ Key })) } }),
      ),
    );
    // Only what the answer names is gone: part of a batch may fail, and each key has its own result.
    const failed = new Set(Errors.flatMap(({ Key, Code }) => (Key && Code !== 'NoSuchKey' ? [Key] : [])));
    const gone = [...Deleted, ...Errors.filter(({ Code }) => Code === 'NoSuchKey')].flatMap(({ Key }) => Key ?? []);
    return gone.filter((key) => !failed.has(key));
  }

  async list(after: ObjectKey, limit: number): Promise<ListedObject[]> {
    const listed: ListedObject[] = [];
    for (;;) {
      const last = listed.at(-1)?.key ?? after;
      const { Contents = [], IsTruncated } = await tell('list of objects', () =>
        this.bucket.client.send(
          new ListObjectsV2Command({
            Bucket: this.bucket.name,
            MaxKeys: limit - listed.length,
            ...(last && { StartAfter: last }),
          }),
        ),
      );
      listed.push(...Contents.flatMap(({ Key, Size }) => (Key === undefined ? [] : [{ key: Key, size: Size ?? 0 }])));
      // A store may give fewer than were asked for although more follow: that is not the end.
      if (!IsTruncated || Contents.length === 0 || listed.length >= limit) return listed;
    }
  }

  /** By key alone: a store may refuse to go on behind an upload that was dropped meanwhile. */
  async listUploads(after: ObjectKey, limit: number): Promise<UploadPage> {
    const { Uploads = [], IsTruncated } = await tell('list of multipart uploads', () =>
      this.bucket.client.send(
        new ListMultipartUploadsCommand({
          Bucket: this.bucket.name,
          MaxUploads: limit,
          ...(after && { KeyMarker: after }),
        }),
      ),
    );
    const uploads = Uploads.flatMap(({ Key, UploadId, Initiated }) =>
      Key && UploadId ? [{ key: Key, uploadId: UploadId, startedAt: Initiated ?? new Date() }] : [],
    );
    return wholeKeys(uploads, IsTruncated ?? false);
  }

  private target(key: ObjectKey): { Bucket: string; Key: string } {
    return { Bucket: this.bucket.name, Key: key };
  }
}

/** Errors: StorageError when the bucket cannot be used. */
export async function assertBucket(bucket: S3Bucket): Promise<void> {
  await tell(`bucket ${bucket.name} (BERTH_S3_BUCKET)`, () =>
    bucket.client.send(new HeadBucketCommand({ Bucket: bucket.name })),
  );
}

/** Says the SDK's errors in Berth's terms. */
async function tell<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const { name, message, $metadata } = error as S3ServiceException;
    const isAnswer = error instanceof S3ServiceException;
    // 200 with an error in its body: S3 began and then failed, which may be repeated.
    const status = isAnswer ? ($metadata.httpStatusCode === 200 ? 503 : $metadata.httpStatusCode) : undefined;
    throw new StorageError(isAnswer ? what : `${what}: ${message || name}`, status, isAnswer ? name : undefined, {
      cause: error,
    });
  }
}

function raise(error: unknown): never {
  throw error;
}
