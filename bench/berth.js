import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

const MAIN = fileURLToPath(new URL('../dist/apps/all-in-one/src/main.js', import.meta.url));
const ADMIN_TOKEN = `an-administrator-${randomBytes(16).toString('hex')}`;
export const USER = 'bench';

/**
 * Starts a Berth of the benchmark's own: the compiled program with the settings that everybody has, a private repository
 * and a user whose token may read and write it.
 * @param {string} folder for its data
 * @param {Record<string, string>} settings of its own, beside what everybody has
 * @param {boolean} isInspected whether it listens for a debugger, at `inspector`
 */
export async function startBerth(folder, isInspected, settings = {}) {
  const database = await createDatabase(process.env.BERTH_DATABASE_URL);
  const flags = isInspected ? ['--inspect=127.0.0.1:0'] : [];
  const child = spawn(process.execPath, [...flags, MAIN], {
    env: {
      ...process.env,
      NODE_ENV: 'production',
      BERTH_LISTEN: '127.0.0.1:0',
      BERTH_OPS_LISTEN: 'off',
      BERTH_DATA_DIR: `${folder}/data`,
      BERTH_ADMIN_TOKEN: ADMIN_TOKEN,
      BERTH_LOG_LEVEL: 'warn',
      ...(database && { BERTH_DATABASE_URL: database.url }),
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a Ctrl-C is the benchmark's to pass on
  });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    }
    await database?.drop();
  };
  try {
    const { url, inspector } = await untilReady(child);
    const token = await makeUser(url);
    const operator = { databaseUrl: database?.url, adminToken: ADMIN_TOKEN };
    return { url, inspector, repository: 'bench/app', username: USER, token, ...operator, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function untilReady(child) {
  const log = [];
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`Berth ended with ${code} before it was ready:\n${log.join('\n')}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const ready = /^Berth is ready at (http:\/\/.*)$/.exec(line);
      if (ready) resolve({ url: ready[1], inspector: /ws:\/\/\S+/.exec(log.join(' '))?.[0] });
    });
  });
}

/** A user as anybody's job would have one: no administrator, and the package is private. */
export async function makeUser(url, admin = ADMIN_TOKEN) {
  const call = async (path, body) => {
    const answer = await fetch(`${url}/admin/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (answer.status !== 201) throw new Error(`POST ${path} answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
  await call('/users', { login: USER });
  const { token } = await call(`/users/${USER}/tokens`, { name: 'bench', scopes: ['read:packages', 'write:packages'] });
  return token;
}

/** A database of the benchmark's own beside the given one; undefined for the embedded PostgreSQL. */
export async function createDatabase(server) {
  if (!server) return undefined;
  const name = `berth_bench_${randomBytes(6).toString('hex')}`;
  const query = async (sql) => {
    const client = new pg.Client({ connectionString: server });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
  await query(`CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}
