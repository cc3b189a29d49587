import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '#testing';

/** A Redis of a test's own: it may lose everything, or go away. */
export interface TestRedis {
  url: string;
  flush(): Promise<void>;
  keys(): Promise<string[]>;
  /** Ends the server; `start` starts an empty one in its place. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Undefined where this machine has no redis-server. */
export async function startRedis(): Promise<TestRedis | undefined> {
  const program = (process.env.PATH ?? '')
    .split(delimiter)
    .map((path) => join(path, 'redis-server'))
    .find(isExecutable);
  if (!program) return undefined;
  const port = await freePort();
  const launch = () =>
    spawn(program, ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', tmpdir()], {
      stdio: 'ignore',
    });
  let server = launch();
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 100, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  await client.ping();
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    flush: async () => void (await client.flushall()),
    keys: () => client.keys('*'),
    kill,
    start: async () => {
      server = launch();
      await client.ping();
    },
    stop: async () => {
      client.disconnect();
      await kill();
    },
  };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
