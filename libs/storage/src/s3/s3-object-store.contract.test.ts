import { afterAll } from 'vitest';
import { describeObjectStore, takeS3Server, whyNoS3Anywhere } from '#testing';
import { openS3Store } from './open-s3-store.js';

let server: Awaited<ReturnType<typeof takeS3Server>> | undefined;
afterAll(() => server?.stop());

describeObjectStore(async () => {
  server = await takeS3Server();
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
}, whyNoS3Anywhere());
