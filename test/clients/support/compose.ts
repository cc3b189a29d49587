/** Berth as docker-compose.yml describes it: an image built here, in an engine of the test's own. */
import { resolve } from 'node:path';
import { vi } from 'vitest';
import { freePort } from '#testing';
import { buildImage, type Docker, startNetworkedDocker } from './docker.js';
import type { Home } from './suite.js';

const FILE = resolve(import.meta.dirname, '../../../docker-compose.yml');
const PROJECT = 'berth';
const HEALTHY_MS = 300_000;

export const SECRETS = {
  BERTH_ADMIN_TOKEN: 'an-administrator-token-for-tests',
  BERTH_RPC_SECRET: 'a-secret-of-the-services-for-tests-1',
  POSTGRES_PASSWORD: 'password-of-postgres',
  REDIS_PASSWORD: 'password-of-redis',
  S3_SECRET_KEY: 'secret-key-of-storage',
};

export interface Composed {
  docker: Docker;
  /** Runs docker-compose on the project. */
  compose(...args: string[]): Promise<string>;
  /** The container of a service, running or not. */
  idOf(service: string): Promise<string>;
  /** Resolves when the health checks of these services pass. */
  untilHealthy(services: readonly string[]): Promise<void>;
  /** Of the gateway, as a client sees it. */
  url: string;
  host: string;
  adminToken: string;
  log(): Promise<string>;
}

export async function startComposed(home: Home): Promise<Composed> {
  const { docker, address } = await startNetworkedDocker(home);
  await buildImage(docker, address, 'berth:test');
  const host = `127.0.0.1:${await freePort()}`;
  const storage = `127.0.0.1:${await freePort()}`;
  const env = {
    ...SECRETS,
    DOCKER_HOST: address,
    BERTH_IMAGE: 'berth:test',
    POSTGRES_IMAGE: 'berth-base/postgres',
    REDIS_IMAGE: 'berth-base/redis',
    S3_IMAGE: 'berth-base/versitygw',
    BERTH_PUBLISH: host,
    S3_PUBLISH: storage,
    BERTH_S3_PUBLIC_ENDPOINT: `http://${storage}`,
  };
  const compose = async (...args: string[]) => {
    const all = ['--file', FILE, '--project-name', PROJECT, ...args];
    const { stdout, stderr } = await home.run('docker-compose', all, { env, timeout: 600_000 });
    return stdout + stderr;
  };
  home.after(() => compose('down', '--volumes'));
  const idOf = async (service: string) => {
    const labels = [`label=com.docker.compose.project=${PROJECT}`, `label=com.docker.compose.service=${service}`];
    return (await docker(['ps', '--all', '--quiet', ...labels.flatMap((label) => ['--filter', label])])).trim();
  };
  const untilHealthy = async (services: readonly string[]) => {
    for (const service of services) {
      const id = await idOf(service);
      const health = async () => (await docker(['inspect', '--format', '{{.State.Health.Status}}', id])).trim();
      await vi.waitUntil(async () => (await health()) === 'healthy', { timeout: HEALTHY_MS, interval: 500 });
    }
  };
  const log = () => compose('logs', '--no-color', '--tail', '20');
  try {
    await compose('up', '--detach', '--no-build');
    await untilHealthy(['gateway', 'worker']);
  } catch (error) {
    throw new Error(`the services do not come up:\n${await log()}`, { cause: error });
  }
  const adminToken = SECRETS.BERTH_ADMIN_TOKEN;
  return { docker, compose, idOf, untilHealthy, url: `http://${host}`, host, adminToken, log };
}
