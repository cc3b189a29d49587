import { GetObjectCommand, PutObjectCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { type ObjectKey, ObjectSigner, type Sender, type SignedRequest, type StoreFeatures } from '#registry';
import { crc32Header } from '../crc32.js';
import type { S3Bucket } from './s3-bucket.js';

/** S3 looks at the clock when a request begins: a transfer may take as long as it needs. */
const LIFE_SECONDS = 15 * 60;

/** A header that is hoisted into the URL is ignored by stores; signed as a header it must come, and come as it was. */
const SIGNED_HEADERS = [
  'x-amz-checksum-sha256',
  'x-amz-checksum-crc32',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
];

/** Presigns with the bucket's credentials; their end is the end of every URL. */
export class S3ObjectSigner extends ObjectSigner {
  constructor(
    private readonly bucket: S3Bucket,
    private readonly seen: StoreFeatures,
  ) {
    super();
  }

  override async features(): Promise<StoreFeatures> {
    return this.seen;
  }

  override signPut(key: ObjectKey, body: { size: number; sha256: string }, sender: Sender): Promise<SignedRequest> {
    const { encryption, encryptionKeyId } = this.bucket.settings;
    const checksum = Buffer.from(body.sha256, 'hex').toString('base64');
    const command = new PutObjectCommand({
      ...this.target(key),
      ...this.bucket.encryption,
      ContentLength: body.size,
      ChecksumSHA256: checksum,
    });
    return this.sign('PUT', command, sender, {
      'x-amz-checksum-sha256': checksum,
      ...(encryption && { 'x-amz-server-side-encryption': encryption }),
      ...(encryptionKeyId && { 'x-amz-server-side-encryption-aws-kms-key-id': encryptionKeyId }),
    });
  }

  override signPart(
    key: ObjectKey,
    uploadId: string,
    { number, size, crc32 }: { number: number; size: number; crc32: number | undefined },
    sender: Sender,
  ): Promise<SignedRequest> {
    const checksum = crc32 === undefined || !this.seen.verifiesMultipart ? undefined : crc32Header(crc32);
    const command = new UploadPartCommand({
      ...this.target(key),
      UploadId: uploadId,
      PartNumber: number,
      ContentLength: size,
      ...(checksum && { ChecksumCRC32: checksum }),
    });
    return this.sign('PUT', command, sender, { ...(checksum && { 'x-amz-checksum-crc32': checksum }) });
  }

  override signGet(key: ObjectKey, sender: Sender): Promise<SignedRequest> {
    const command = new GetObjectCommand({
      ...this.target(key),
      ResponseContentType: 'application/octet-stream',
      ResponseContentDisposition: 'attachment',
    });
    return this.sign('GET', command, sender, {});
  }

  private async sign(
    method: SignedRequest['method'],
    command: GetObjectCommand | PutObjectCommand | UploadPartCommand,
    sender: Sender,
    headers: Record<string, string>,
  ): Promise<SignedRequest> {
    const client = this.bucket.clientFor(sender);
    const { expiration } = await client.config.credentials();
    // The store's clock, as the client has come to know it.
    const signingDate = new Date(Date.now() + (client.config.systemClockOffset ?? 0));
    const left = expiration ? Math.floor((expiration.getTime() - signingDate.getTime()) / 1000) : LIFE_SECONDS;
    const expiresIn = Math.max(1, Math.min(LIFE_SECONDS, left));
    const url = await getSignedUrl(client, command as GetObjectCommand, {
      expiresIn,
      signingDate,
      unhoistableHeaders: new Set(SIGNED_HEADERS),
    });
    return { method, url, headers, expiresAt: new Date(Date.now() + expiresIn * 1000) };
  }

  private target(key: ObjectKey): { Bucket: string; Key: string } {
    return { Bucket: this.bucket.name, Key: key };
  }
}
