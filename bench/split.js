import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createDatabase, makeUser, USER } from './berth.js';
import { freePort } from './s3-server.js';

const APPS = fileURLToPath(new URL('../dist/apps', import.meta.url));

/**
 * Starts metadata, blobs and one gateway as processes of their own, with the settings that everybody has.
 * @param {string} folder for an embedded database
 * @param {Record<string, string>} s3 what blobs is told of the bucket
 * @param {boolean} hasWorker whether a worker is started, too; otherwise nothing waits for one
 */
export async function startSplit(folder, s3, hasWorker = false) {
  const database = await openDatabase(folder);
  const token = `an-administrator-${randomBytes(16).toString('hex')}`;
  const [metadata, blobs, gateway, worker] = await Promise.all(Array.from({ length: 4 }, freePort));
  const common = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:BERTH_|AWS_)/.test(name))),
    NODE_ENV: 'production',
    BERTH_OPS_LISTEN: 'off',
    BERTH_LOG_LEVEL: 'warn',
    BERTH_RATE_LIMITS: 'off', // all load comes from one address
    BERTH_RPC_SECRET: randomBytes(32).toString('hex'),
    BERTH_METADATA_URL: `http://127.0.0.1:${metadata}`,
    BERTH_BLOBS_URL: `http://127.0.0.1:${blobs}`,
    BERTH_WORKER_URL: `http://127.0.0.1:${worker}`,
  };
  const aws = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('AWS_')));
  const settings = {
    metadata: { BERTH_RPC_LISTEN: `127.0.0.1:${metadata}`, BERTH_DATABASE_URL: database.url, BERTH_ADMIN_TOKEN: token },
    blobs: { BERTH_RPC_LISTEN: `127.0.0.1:${blobs}`, ...aws, ...s3 },
    ...(hasWorker && {
      worker: { BERTH_RPC_LISTEN: `127.0.0.1:${worker}`, BERTH_DATABASE_URL: database.url, ...aws, ...s3 },
    }),
    gateway: { BERTH_LISTEN: `127.0.0.1:${gateway}`, BERTH_BLOB_DELIVERY: 'proxy' },
  };
  const running = {};
  const start = (program) => {
    running[program] = startProcess(program, { ...common, ...settings[program] });
    return running[program].ready;
  };
  const stop = async () => {
    for (const program of ['gateway', 'worker', 'blobs', 'metadata']) await running[program]?.stop();
    await database.stop();
  };
  try {
    await Promise.all(Object.keys(settings).map(start));
    const url = `http://127.0.0.1:${gateway}`;
    const registry = { url, repository: 'bench/app', username: USER, token: await makeUser(url, token) };
    return {
      ...registry,
      databaseUrl: database.url,
      adminToken: token,
      stop,
      /** A fresh gateway: a peak is one of a process's whole life. */
      restartGateway: async () => {
        await running.gateway.stop();
        await start('gateway');
      },
      /** The most memory that the gateway has held, in bytes. Linux tells. */
      gatewayPeak: () => {
        const status = readFileSync(`/proc/${running.gateway.child.pid}/status`, 'utf8');
        return Number(/VmHWM:\s+([0-9]+) kB/.exec(status)?.[1]) * 1024;
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startProcess(program, env) {
  const child = spawn(process.execPath, [`${APPS}/${program}/src/main.js`], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const log = [];
  createInterface({ input: child.stderr }).on('line', (line) => log.length < 100 && log.push(line));
  const ready = new Promise((resolve, reject) => {
    child.once('exit', (code) =>
      reject(new Error(`${program} ended with ${code} before it was ready:\n${log.join('\n')}`)),
    );
    createInterface({ input: child.stdout }).on('line', (line) => line.includes(' is ready at ') && resolve());
  });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  };
  return { child, ready, stop };
}

async function openDatabase(folder) {
  const given = await createDatabase(process.env.BERTH_DATABASE_URL);
  if (given) return { url: given.url, stop: given.drop };
  const { EmbeddedPostgres } = await import('../dist/apps/all-in-one/src/embedded-postgres.js');
  const postgres = new EmbeddedPostgres(folder);
  return { url: await postgres.start(), stop: () => postgres.stop() };
}
