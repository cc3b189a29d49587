import { ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { beforeEach } from 'vitest';
import { type S3Server, startS3Server, whyNoS3 } from '#testing';
import { startAllInOne, type TestBerth } from './berth.js';

/** A bucket on an S3 server of the test's own, and what Berth must be told of it. */
export interface TestBucket {
  server: S3Server;
  name: string;
  settings: Record<string, string>;
  client: S3Client;
  /** Keys of all objects. */
  keys(): Promise<string[]>;
  /** Keys of all open multipart uploads. */
  openUploads(): Promise<string[]>;
  stop(): Promise<void>;
}

export async function startTestBucket(): Promise<TestBucket> {
  const server = await startS3Server();
  const name = await server.createBucket();
  const settings = {
    ...server.credentials,
    BERTH_S3_BUCKET: name,
    BERTH_S3_ENDPOINT: server.endpoint,
    BERTH_S3_FORCE_PATH_STYLE: 'on',
  };
  const client = new S3Client({
    endpoint: server.endpoint,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: {
      accessKeyId: server.credentials.AWS_ACCESS_KEY_ID,
      secretAccessKey: server.credentials.AWS_SECRET_ACCESS_KEY,
    },
  });
  return {
    server,
    name,
    settings,
    client,
    keys: async () => {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: name }));
      return Contents.flatMap(({ Key }) => Key ?? []).sort();
    },
    openUploads: async () => {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: name }));
      return Uploads.flatMap(({ Key }) => Key ?? []);
    },
    stop: async () => {
      client.destroy();
      await server.stop();
    },
  };
}

/** Skips the tests of this file or group, and says why, where there is no S3 server; fails them where CI is set. */
export function needsS3(): string | undefined {
  const missing = whyNoS3();
  beforeEach(({ skip }) => {
    if (missing && process.env.CI) throw new Error(missing);
    if (missing) skip(missing);
  });
  return missing;
}

/** Two processes on one database and one bucket: requests to them by turns show that nothing is kept in memory. */
export async function startTwoOnS3(
  settings: Record<string, string> = {},
): Promise<{ bucket: TestBucket; berths: [TestBerth, TestBerth]; stop(): Promise<void> }> {
  const bucket = await startTestBucket();
  const first = await startAllInOne({ ...bucket.settings, ...settings });
  const second = await startAllInOne({ ...bucket.settings, ...settings, BERTH_DATABASE_URL: first.databaseUrl });
  return {
    bucket,
    berths: [first, second],
    stop: async () => {
      await second.stop();
      await first.stop();
      await bucket.stop();
    },
  };
}
