import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const PROGRAM = 'versitygw';
const BUILT =
  process.env.BERTH_CLIENTS ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'berth-clients');
const BUCKET = 'bench';

/**
 * The S3 server to measure with: the given one, `URL/BUCKET` with credentials in the environment, or one of the benchmark's own.
 * @param {string | undefined} given
 * @param {string} folder for the objects of an own one
 */
export async function openS3(given, folder) {
  if (given) {
    const url = new URL(given);
    const bucket = url.pathname.slice(1);
    if (!bucket) throw new Error('--s3 takes an endpoint and a bucket: http://HOST:PORT/BUCKET');
    return {
      endpoint: url.origin,
      settings: settingsOf(url.origin, bucket),
      bucket,
      clear: () => undefined,
      stop: async () => undefined,
    };
  }
  const program = [BUILT, ...(process.env.PATH ?? '').split(delimiter)]
    .map((path) => join(path, PROGRAM))
    .find(existsSync);
  if (!program)
    throw new Error(`This needs an S3 server: run .ci/install-clients ${PROGRAM}, or give one with --s3 URL/BUCKET.`);
  const objects = join(folder, 's3');
  mkdirSync(join(objects, BUCKET), { recursive: true });
  const port = await freePort();
  const credentials = { AWS_ACCESS_KEY_ID: 'benchkey', AWS_SECRET_ACCESS_KEY: 'benchsecret' };
  const child = spawn(program, ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', objects], {
    env: { ...process.env, ROOT_ACCESS_KEY: 'benchkey', ROOT_SECRET_KEY: 'benchsecret' },
    stdio: 'ignore',
    detached: true,
  });
  const endpoint = `http://127.0.0.1:${port}`;
  for (let tries = 0; !(await fetch(endpoint).catch(() => undefined)); tries++) {
    if (tries === 600 || child.exitCode !== null) throw new Error(`${PROGRAM} does not answer`);
    await wait(50);
  }
  return {
    endpoint,
    bucket: BUCKET,
    settings: { ...credentials, ...settingsOf(endpoint, BUCKET) },
    /** Room for the next trial: the objects go behind everybody's back. */
    clear: () => {
      rmSync(join(objects, BUCKET), { recursive: true, force: true });
      mkdirSync(join(objects, BUCKET));
    },
    stop: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

const settingsOf = (endpoint, bucket) => ({
  BERTH_S3_ENDPOINT: endpoint,
  BERTH_S3_BUCKET: bucket,
  BERTH_S3_FORCE_PATH_STYLE: 'on',
  BERTH_BLOB_DELIVERY: 'proxy', // the benchmark's reads are of Berth, not of the S3 server
});

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}
