import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Sender } from '#registry';

/** Where the bucket is and how it keeps objects. Credentials come from the AWS SDK's own chain. */
export interface S3Settings {
  bucket: string;
  /** Unset: AWS. */
  endpoint: string | undefined;
  /** What clients call the same endpoint; unset: as Berth does. */
  publicEndpoint: string | undefined;
  region: string | undefined;
  forcePathStyle: boolean;
  /** Encryption that every write asks for; unset: the bucket's own default. */
  encryption: 'AES256' | 'aws:kms' | undefined;
  encryptionKeyId: string | undefined;
}

/** No answer to a request within this, and it is given up on. */
export interface S3Timeouts {
  requestMs: number;
  /** Joining 10,000 parts takes S3 minutes. */
  completionMs: number;
}

const TIMEOUTS: S3Timeouts = { requestMs: 30_000, completionMs: 5 * 60_000 };

/** A bucket and the clients that speak of it, one for each name of its endpoint. */
export class S3Bucket {
  readonly name: string;
  /** Repeats what fails in passing. */
  readonly client: S3Client;
  /** For what must not be repeated as it is. */
  readonly onceClient: S3Client;
  private readonly publicClient: S3Client;

  constructor(
    readonly settings: S3Settings,
    readonly timeouts: S3Timeouts = TIMEOUTS,
  ) {
    this.name = settings.bucket;
    const config: S3ClientConfig = {
      forcePathStyle: settings.forcePathStyle,
      // A store of one's own has no regions, but signatures name one.
      ...(settings.region
        ? { region: settings.region }
        : settings.endpoint && !process.env.AWS_REGION && { region: 'us-east-1' }),
      // Else every presigned URL asks for the checksum of an empty body.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      maxAttempts: 4,
      requestHandler: new NodeHttpHandler({
        connectionTimeout: 5_000,
        requestTimeout: timeouts.requestMs,
        throwOnRequestTimeout: true, // else it only warns
      }),
    };
    this.client = new S3Client({ ...config, ...(settings.endpoint && { endpoint: settings.endpoint }) });
    const credentials = () => this.client.config.credentials();
    this.onceClient = new S3Client({
      ...config,
      ...(settings.endpoint && { endpoint: settings.endpoint }),
      credentials,
      maxAttempts: 1,
    });
    this.publicClient = settings.publicEndpoint
      ? new S3Client({
          ...config,
          endpoint: settings.publicEndpoint,
          credentials,
        })
      : this.client;
  }

  /** The client that signs for this sender. */
  clientFor(sender: Sender): S3Client {
    return sender === 'client' ? this.publicClient : this.client;
  }

  /** What every write says of encryption. */
  get encryption(): { ServerSideEncryption?: 'AES256' | 'aws:kms'; SSEKMSKeyId?: string } {
    const { encryption, encryptionKeyId } = this.settings;
    return {
      ...(encryption && { ServerSideEncryption: encryption }),
      ...(encryptionKeyId && { SSEKMSKeyId: encryptionKeyId }),
    };
  }

  close(): void {
    this.client.destroy();
    this.onceClient.destroy();
    this.publicClient.destroy();
  }
}
