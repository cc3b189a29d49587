/**
 * What the tests run against. Each of PostgreSQL, Redis and an S3 server is taken from a container where a Docker Engine
 * answers and has an image for it (scripts/test-containers.js); else from the environment (BERTH_TEST_DATABASE_URL,
 * BERTH_TEST_REDIS_URL, BERTH_TEST_S3_ENDPOINT with _ACCESS_KEY_ID and _SECRET_ACCESS_KEY); else a program of this
 * machine serves: the embedded PostgreSQL, redis-server, versitygw (which tests start themselves). Tests of a service that
 * is not to be had skip and say so. BERTH_TEST_CONTAINERS=off leaves Docker alone, `on` fails where it cannot serve all.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';

/** Answers variables for the tests' environment, and how to stop what was started. `folder` is for what they keep. */
export async function startServices(folder) {
  const undo = [];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  const variables = {};
  try {
    const containers = await inContainers();
    if (containers) undo.push(containers.stop);
    Object.assign(variables, containers?.variables);
    for (const [variable, start] of [
      ['BERTH_TEST_DATABASE_URL', startPostgres],
      ['BERTH_TEST_REDIS_URL', startRedis],
    ]) {
      if (variables[variable] || process.env[variable]) continue;
      const local = await start(folder);
      if (!local) continue;
      undo.push(local.stop);
      variables[variable] = local.url;
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { variables, stop };
}

async function inContainers() {
  const wish = process.env.BERTH_TEST_CONTAINERS || 'auto';
  if (!['auto', 'on', 'off'].includes(wish)) throw new Error('BERTH_TEST_CONTAINERS must be auto, on or off');
  if (wish === 'off') return undefined;
  try {
    const { startContainers } = await import('./test-containers.js');
    const containers = await startContainers();
    if (containers.names.length > 0) process.stderr.write(`In containers: ${containers.names.join(', ')}\n`);
    if (wish === 'auto' || containers.missing.length === 0) return containers;
    await containers.stop();
    throw new Error(`There is no image for ${containers.missing.join(', ')}: run .ci/make-images --load`);
  } catch (error) {
    if (wish === 'on') throw error;
    // No engine, or one that cannot run these: nothing that anybody asked for.
    return undefined;
  }
}

async function startPostgres(folder) {
  const { EmbeddedPostgres } = await import('../dist/apps/all-in-one/src/embedded-postgres.js');
  const postgres = new EmbeddedPostgres(folder);
  try {
    return { url: await postgres.start(), stop: () => postgres.stop() };
  } catch (error) {
    process.stderr.write(`There is no database to test with (set BERTH_TEST_DATABASE_URL): ${error.message}\n`);
    return undefined;
  }
}

async function startRedis(folder) {
  const program = (process.env.PATH ?? '')
    .split(delimiter)
    .map((path) => join(path, 'redis-server'))
    .find(isExecutable);
  if (!program) return undefined;
  const port = await freePort();
  const options = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--dir', folder];
  const child = spawn(program, options, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const isReady = new Promise((resolve) => {
    let said = '';
    child.stdout.on('data', (text) => {
      said = `${said}${text}`.slice(-2_000);
      if (said.includes('Ready to accept connections')) resolve(true);
    });
  });
  if (!(await Promise.race([isReady, exited.then(() => false)]))) return undefined;
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      child.kill();
      await exited;
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
