/** docker-compose.yml as an operator uses it: the image built here, the four services brought up, images pushed and pulled. */
import { describe, expect, test } from 'vitest';
import { createAccounts } from '../support/client.js';
import { SECRETS, startComposed } from './support/compose.js';
import { served } from './support/content.js';
import { type Docker, importBusybox } from './support/docker.js';
import { type Home, setUpHome } from './support/suite.js';

const MINUTES = 60_000;
const BERTH = ['gateway', 'blobs', 'metadata', 'worker'];
const ALL = [...BERTH, 'migrate', 'postgres', 'redis', 's3'];
const RUNNING = ALL.filter((service) => service !== 'migrate');

/** Who holds what. */
const HOLDS: Record<string, Array<keyof typeof SECRETS>> = {
  gateway: ['BERTH_RPC_SECRET', 'REDIS_PASSWORD'],
  blobs: ['BERTH_RPC_SECRET', 'S3_SECRET_KEY'],
  metadata: ['BERTH_ADMIN_TOKEN', 'BERTH_RPC_SECRET', 'POSTGRES_PASSWORD', 'REDIS_PASSWORD'],
  worker: ['BERTH_RPC_SECRET', 'POSTGRES_PASSWORD', 'REDIS_PASSWORD', 'S3_SECRET_KEY'],
  migrate: ['POSTGRES_PASSWORD'],
  postgres: ['POSTGRES_PASSWORD'],
  redis: ['REDIS_PASSWORD'],
  s3: ['S3_SECRET_KEY'],
};

/** Two installs of packages, a build, and eight containers. */
const START_MS = 30 * MINUTES;

const PROGRAMS = ['docker', 'dockerd', 'docker-compose', 'mmdebstrap', 'busybox', 'npm', 'go'];

async function start(home: Home) {
  const composed = await startComposed(home);
  const { docker, host } = composed;
  const { pusher } = await createAccounts(composed);
  await docker(['login', '--username', 'pusher', '--password-stdin', host], pusher.token ?? '');
  await importBusybox(docker, `${home.home}/busybox`, `${host}/acme/base:1`);
  return { ...composed, pusher };
}

const world = setUpHome(PROGRAMS, start, START_MS);

test('pushes an image with docker and pulls it again, its layers from storage', { timeout: 10 * MINUTES }, async () => {
  const { docker, host, pusher } = world();
  const dockerfile = `FROM ${host}/acme/base:1
RUN head -c 100m /dev/urandom > /random && sha256sum /random > /sums
CMD ["sha256sum", "-c", "/sums"]
`;
  await docker(['push', `${host}/acme/base:1`]);
  await docker(['build', '--network', 'none', '--tag', `${host}/acme/app:1`, '-'], dockerfile);
  await docker(['push', `${host}/acme/app:1`]);
  await pullAndRun(docker, `${host}/acme/app:1`);

  const { sizes } = await served(pusher, 'acme/app', '1');
  const [largest = ''] = Object.keys(sizes).sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0));
  const answer = await pusher.v2(`/v2/acme/app/blobs/${largest}`);
  expect(answer.status).toBe(307);
  expect(answer.headers.get('location')).toContain('X-Amz-Signature=');
});

test('has the command line in its image', { timeout: 5 * MINUTES }, async () => {
  const { docker, idOf, adminToken } = world();
  const gateway = await idOf('gateway');
  const checked = await docker(['exec', gateway, 'berth', 'config', 'check', '--service', 'gateway']);
  expect(checked).toContain('The settings are good for gateway: ');
  const settings = ['--env', 'BERTH_HOST=127.0.0.1:5000', '--env', `BERTH_TOKEN=${adminToken}`];
  const users = JSON.parse(await docker(['exec', ...settings, gateway, 'berth', 'users', 'list', '--json'])).users;
  expect(users.map(({ login }: { login: string }) => login)).toContain('pusher');
});

test('serves again whatever the order in which its services come back', { timeout: 10 * MINUTES }, async () => {
  const { docker, compose, host, idOf, pusher, untilHealthy } = world();
  await compose('stop');
  for (const service of [...BERTH, 's3', 'redis', 'postgres']) await docker(['start', await idOf(service)]);
  await untilHealthy(RUNNING);
  await pullAndRun(docker, `${host}/acme/app:1`);
  await docker(['tag', `${host}/acme/app:1`, `${host}/acme/again:1`]);
  await docker(['push', `${host}/acme/again:1`]);

  // One at a time, the gateway first and what it depends on last: what an upgrade must not do, either.
  for (const service of ['gateway', 'worker', 'blobs', 'metadata']) await docker(['restart', await idOf(service)]);
  await untilHealthy(RUNNING);
  expect(await served(pusher, 'acme/again', '1')).toEqual(await served(pusher, 'acme/app', '1'));
});

describe('is confined', () => {
  test.for(RUNNING)(
    '%s runs as nobody in particular, with no capability, on a file system that it cannot write to',
    async (service) => {
      const { docker, idOf } = world();
      const id = await idOf(service);
      const status = await docker(['exec', id, 'cat', '/proc/1/status']);
      const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1];
      expect(field('Uid')).toMatch(/^[1-9]/);
      expect(field('Gid')).toMatch(/^[1-9]/);
      for (const set of ['CapEff', 'CapPrm', 'CapBnd', 'CapInh']) expect(field(set)).toMatch(/^0+$/);
      expect(field('NoNewPrivs')).toBe('1');
      await expect(docker(['exec', id, 'touch', '/etc/written'])).rejects.toThrow(/read-only file system/i);
      // Root is held to the same.
      await expect(docker(['exec', '--user', '0:0', id, 'touch', '/etc/written'])).rejects.toThrow(
        /read-only file system/i,
      );
    },
  );

  test.for(ALL)('%s holds its own secrets and no other', async (service) => {
    const { docker, idOf } = world();
    const container = await docker(['inspect', await idOf(service)]);
    const held = Object.entries(SECRETS).filter(([, secret]) => container.includes(secret));
    expect(held.map(([name]) => name).sort()).toEqual(HOLDS[service]);
  });

  test.for([
    { from: 'gateway', to: 'postgres' },
    { from: 'blobs', to: 'postgres' },
    { from: 'blobs', to: 'redis' },
    { from: 'metadata', to: 's3' },
  ])('$from does not find $to', async ({ from, to }) => {
    const { docker, idOf } = world();
    const id = await idOf(from);
    const script = "require('node:dns').lookup(process.argv[1], (error) => console.log(error?.code ?? 'found'))";
    const lookUp = (name: string) => docker(['exec', id, 'node', '-e', script, name]);
    expect(await lookUp(to)).toMatch(/ENOTFOUND|EAI_AGAIN/);
    expect(await lookUp('blobs')).toContain('found');
  });
});

test('the image holds what runs, and nothing that only builds or tests', async () => {
  const { docker } = world();
  const list = (folder: string) => docker(['run', '--rm', '--network', 'none', 'berth:test', 'ls', '-A', folder]);
  expect((await list('/berth')).trim().split('\n')).toEqual([
    'LICENSE',
    'dist',
    'node_modules',
    'package.json',
    'prisma',
  ]);
  const packages = (await list('/berth/node_modules')).split('\n');
  expect(packages).toContain('fastify');
  for (const absent of ['typescript', 'vitest', 'prisma', 'testcontainers', 'node'])
    expect(packages).not.toContain(absent);
  const labels = await docker(['image', 'inspect', '--format', '{{json .Config.Labels}}', 'berth:test']);
  expect(JSON.parse(labels)).toMatchObject({
    'org.opencontainers.image.title': 'Berth',
    'org.opencontainers.image.licenses': 'Apache-2.0',
  });
  expect(await docker(['history', '--no-trunc', '--format', '{{.CreatedBy}}', 'berth:test'])).not.toMatch(
    /_authToken|_password/,
  );
});

async function pullAndRun(docker: Docker, name: string): Promise<void> {
  await docker(['image', 'rm', name]);
  // What a build keeps would not be pulled again.
  await docker(['builder', 'prune', '--all', '--force']);
  const pulled = await docker(['pull', name]);
  expect(pulled).toContain('Pull complete');
  expect(await docker(['run', '--rm', '--network', 'none', name])).toBe('/random: OK\n');
}
