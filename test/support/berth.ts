import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase } from './database.js';
import { portOf, startProcess } from './process.js';
import { ADMIN_TOKEN, type TestBerth } from './test-berth.js';

export { createDatabase, type TestBerth };

/** The deployment that BERTH_TEST_DEPLOYMENT names: all-in-one, or the services apart behind two gateways (`split`). */
export async function startBerth(settings: Record<string, string> = {}): Promise<TestBerth> {
  if (process.env.BERTH_TEST_DEPLOYMENT === 'split') return (await import('./split.js')).startSplit(settings);
  return startAllInOne(settings);
}

export async function startAllInOne(settings: Record<string, string> = {}): Promise<TestBerth> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-test-'));
  const database = await createDatabase();
  const environment = {
    ...process.env,
    BERTH_LISTEN: '127.0.0.1:0',
    BERTH_OPS_LISTEN: 'off',
    BERTH_DATA_DIR: folder,
    BERTH_DATABASE_URL: database.url,
    BERTH_ADMIN_TOKEN: ADMIN_TOKEN,
    BERTH_RATE_LIMITS: 'off',
    ...settings,
  };
  let running = startProcess('all-in-one', environment);
  const authority = await running.ready;
  const terminate = () => running.terminate();
  return {
    url: `http://${authority}`,
    host: authority,
    port: portOf(authority),
    folder,
    get pid() {
      return running.child.pid ?? 0;
    },
    adminToken: environment.BERTH_ADMIN_TOKEN,
    databaseUrl: environment.BERTH_DATABASE_URL,
    log: () => running.log.join('\n'),
    kill: () => running.kill(),
    terminate,
    restart: async (more = {}) => {
      await terminate();
      running = startProcess('all-in-one', { ...environment, BERTH_LISTEN: authority, ...more });
      await running.ready;
    },
    residentBytes: async () => {
      const status = await readFile(`/proc/${running.child.pid}/status`, 'utf8').catch(() => '');
      return Number(/VmRSS:\s+([0-9]+) kB/.exec(status)?.[1] ?? 0) * 1024;
    },
    stop: async () => {
      const code = await terminate();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
      return code;
    },
    sql: database.sql,
  };
}
