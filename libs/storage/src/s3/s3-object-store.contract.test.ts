import { afterAll } from 'vitest';
import { describeObjectStore, type S3Server, startS3Server, whyNoS3 } from '#testing';
import { openS3Store } from './open-s3-store.js';

let server: S3Server | undefined;
afterAll(() => server?.stop());

describeObjectStore(async () => {
  server = await startS3Server();
  Object.assign(process.env, server.credentials);
  const { objects } = await openS3Store({
    bucket: await server.createBucket(),
    endpoint: server.endpoint,
    publicEndpoint: undefined,
    region: undefined,
    forcePathStyle: true,
    encryption: undefined,
    encryptionKeyId: undefined,
  });
  return objects;
}, whyNoS3());
