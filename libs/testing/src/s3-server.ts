import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { freePort } from './free-port.js';

const PROGRAM = 'versitygw';
/** Where .ci/install-clients puts what it builds. */
const BUILT =
  process.env.BERTH_CLIENTS ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'berth-clients');
const READY_MS = 60_000;

/** An S3 server of a test's own. */
export interface S3Server {
  endpoint: string;
  /** Its folder: each bucket is one in it. */
  folder: string;
  /** What the AWS SDK's own chain reads; the tests' process needs them, too. */
  credentials: { AWS_ACCESS_KEY_ID: string; AWS_SECRET_ACCESS_KEY: string };
  createBucket(): Promise<string>;
  /** Takes an object away behind everybody's back. */
  removeObject(bucket: string, key: string): Promise<void>;
  stop(): Promise<void>;
}

const newName = () => `berth-${randomBytes(6).toString('hex')}`;

/** An S3 server that other tests may use at the same time. */
type SharedS3Server = Pick<S3Server, 'endpoint' | 'credentials' | 'createBucket' | 'stop'>;

/** The server that the environment names (see scripts/test-services.js); undefined where it names none. */
function givenServer(): SharedS3Server | undefined {
  const {
    BERTH_TEST_S3_ENDPOINT: endpoint,
    BERTH_TEST_S3_ACCESS_KEY_ID: accessKeyId = '',
    BERTH_TEST_S3_SECRET_ACCESS_KEY: secretAccessKey = '',
  } = process.env;
  if (!endpoint) return undefined;
  return {
    endpoint,
    credentials: { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    createBucket: async () => {
      const credentials = { accessKeyId, secretAccessKey };
      const client = new S3Client({ endpoint, forcePathStyle: true, region: 'us-east-1', credentials });
      const name = newName();
      await client.send(new CreateBucketCommand({ Bucket: name }));
      client.destroy();
      return name;
    },
    stop: async () => {},
  };
}

/** Why tests that take any S3 server cannot run here; undefined where they can. */
export const whyNoS3Anywhere = (): string | undefined => (givenServer() ? undefined : whyNoS3());

/** The S3 server that the environment names, else one of the test's own. */
export const takeS3Server = async (): Promise<SharedS3Server> => givenServer() ?? startS3Server();

/** Why tests that need an S3 server of their own cannot run here; undefined where they can. */
export function whyNoS3(): string | undefined {
  return findProgram() ? undefined : `install ${PROGRAM}: run .ci/install-clients ${PROGRAM}, or put it in PATH`;
}

/** Starts one on a free port, with a folder of its own. `virtualHost`: buckets are also host names below this one. */
export async function startS3Server(options: { virtualHost?: string } = {}): Promise<S3Server> {
  const program = findProgram();
  if (!program) throw new Error(whyNoS3());
  const folder = await mkdtemp(join(tmpdir(), 'berth-s3-'));
  const objects = join(folder, 'objects');
  await mkdir(objects);
  const port = await freePort();
  const child = spawn(
    program,
    [
      ...['--port', `127.0.0.1:${port}`, '--quiet', '--keep-alive'],
      ...(options.virtualHost ? ['--virtual-domain', `${options.virtualHost}:${port}`] : []),
      ...['posix', objects],
    ],
    { env: { ...process.env, ROOT_ACCESS_KEY: 'berthkey', ROOT_SECRET_KEY: 'berthsecret' }, stdio: 'ignore' },
  );
  await untilReady(child, port);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    folder: objects,
    credentials: { AWS_ACCESS_KEY_ID: 'berthkey', AWS_SECRET_ACCESS_KEY: 'berthsecret' },
    // A bucket is a folder there; no request is needed for one.
    createBucket: async () => {
      const name = newName();
      await mkdir(join(objects, name));
      return name;
    },
    removeObject: (bucket, key) => rm(join(objects, bucket, key)),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function findProgram(): string | undefined {
  return [BUILT, ...(process.env.PATH ?? '').split(delimiter)].map((path) => join(path, PROGRAM)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function untilReady(child: ChildProcess, port: number): Promise<void> {
  for (const end = Date.now() + READY_MS; Date.now() < end; await wait(50)) {
    if (child.exitCode !== null) throw new Error(`${PROGRAM} ended with ${child.exitCode}`);
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    if (answer) return;
  }
  child.kill('SIGKILL');
  throw new Error(`${PROGRAM} did not answer within ${READY_MS} ms`);
}
