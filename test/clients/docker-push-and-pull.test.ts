/** What people do with Docker Engine: log in, build, push, pull, and put images together with `docker manifest`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { type Content, served } from './support/content.js';
import { type Docker, importBusybox, startDocker } from './support/docker.js';
import { setUp } from './support/suite.js';

const MANIFEST_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
const MINUTES = 60_000;

/** Over 1 GB in layers that do not compress; the larger alone is over 500 MB. */
const LARGE_LAYERS = `
RUN head -c 560m /dev/urandom > /first
RUN head -c 480m /dev/urandom > /second
`;

const world = setUp(['docker', 'dockerd', 'busybox'], async (world) => {
  const docker = await startDocker(world);
  await importBusybox(docker, `${world.home}/busybox`, `${world.host}/acme/base:1`);
  return { docker };
});

test('logs in with a token, and with nothing else', async () => {
  const { docker, host, token } = world();
  const login = (password: string) => docker(['login', '--username', 'pusher', '--password-stdin', host], password);
  await expect(login('not-a-token')).rejects.toThrow(/unauthorized/i);
  expect(await login(token)).toContain('Login Succeeded');
});

test('pushes a base image, under a name that is new and deep', async () => {
  const { docker, host, pusher } = world();
  await docker(['push', `${host}/acme/base:1`]);
  await docker(['tag', `${host}/acme/base:1`, `${host}/acme/a/deep/name:1`]);
  expect(await docker(['push', `${host}/acme/a/deep/name:1`])).toContain('Mounted from acme/base');
  expect(await served(pusher, 'acme/a/deep/name', '1')).toEqual(await served(pusher, 'acme/base', '1'));
});

describe('an image of more than a gigabyte', () => {
  let id: string;
  let pushed: Content;

  test('is built on a base that Berth serves, and pushed', { timeout: 20 * MINUTES }, async () => {
    const { docker, home, host, pusher } = world();
    await removeImages(docker);
    const context = `${home}/context`;
    await mkdir(context);
    await writeFile(`${context}/hello`, 'hello');
    const sums = 'RUN sha256sum /hello /first /second > /sums\nCMD ["sha256sum", "-c", "/sums"]\n';
    await writeFile(`${context}/Dockerfile`, `FROM ${host}/acme/base:1\nCOPY hello /hello${LARGE_LAYERS}${sums}`);
    await docker(['build', '--network', 'none', '--tag', `${host}/acme/app:1`, context]);
    await docker(['tag', `${host}/acme/app:1`, `${host}/acme/app:latest`]);
    id = await imageId(docker, `${host}/acme/app:1`);

    const { digest } = await push(docker, `${host}/acme/app:1`);
    pushed = await served(pusher, 'acme/app', '1');
    expect(pushed.digest).toBe(digest);
    const sizes = Object.values(pushed.sizes).sort((a, b) => b - a);
    expect(sizes[0]).toBeGreaterThan(500_000_000);
    expect(sizes.reduce((sum, size) => sum + size)).toBeGreaterThan(1_000_000_000);
  });

  test('is not sent again for another tag', async () => {
    const { docker, host } = world();
    const { digest, output } = await push(docker, `${host}/acme/app:latest`);
    expect(digest).toBe(pushed.digest);
    expect(output).not.toContain('Pushed');
  });

  test.for([
    { by: 'its tag', reference: ':1' },
    { by: 'its digest', reference: '@DIGEST' },
    { by: 'no tag, which means latest', reference: '' },
  ])('is pulled by $by and is what was pushed', { timeout: 10 * MINUTES }, async ({ reference }) => {
    const { docker, host } = world();
    const name = `${host}/acme/app${reference.replace('DIGEST', pushed.digest)}`;
    await removeImages(docker);
    const output = await docker(['pull', name]);
    expect(output).toContain(`Digest: ${pushed.digest}`);
    // No layer was left from before.
    expect(output.match(/Pull complete/g)).toHaveLength(Object.keys(pushed.sizes).length - 2);
    expect(await imageId(docker, name)).toBe(id);
    const sums = await docker(['run', '--rm', '--network', 'none', name]);
    expect(sums).toBe('/hello: OK\n/first: OK\n/second: OK\n');
  });
});

test('puts images of two platforms together with docker manifest', async () => {
  const { docker, host, pusher } = world();
  const image = `${host}/acme/multi`;
  const digests: Record<string, string> = {};
  for (const platform of ['amd64', 'arm64']) {
    const dockerfile = `FROM ${host}/acme/base:1\nRUN head -c 100000 /dev/urandom > /${platform}\n`;
    await docker(['build', '--network', 'none', '--tag', `${image}:${platform}`, '-'], dockerfile);
    digests[platform] = (await push(docker, `${image}:${platform}`)).digest;
  }
  await docker(['manifest', 'create', '--insecure', `${image}:1`, `${image}:amd64`, `${image}:arm64`]);
  await docker(['manifest', 'annotate', '--arch', 'arm64', `${image}:1`, `${image}:arm64`]);
  const digest = (await docker(['manifest', 'push', '--insecure', `${image}:1`])).trim();

  const list = JSON.parse(await docker(['manifest', 'inspect', '--insecure', `${image}:1`]));
  expect(list).toMatchObject({
    mediaType: MANIFEST_LIST,
    manifests: [
      { digest: digests.amd64, platform: { architecture: 'amd64' } },
      { digest: digests.arm64, platform: { architecture: 'arm64' } },
    ],
  });
  expect((await served(pusher, 'acme/multi', '1')).digest).toBe(digest);
  await removeImages(docker);
  expect(await docker(['pull', '--platform', 'linux/arm64', `${image}:1`])).toContain(`Digest: ${digest}`);
});

async function push(docker: Docker, name: string): Promise<{ digest: string; output: string }> {
  const output = await docker(['push', name]);
  const digest = /digest: (sha256:[0-9a-f]{64})/.exec(output)?.[1];
  if (!digest) throw new Error(`docker push names no digest:\n${output}`);
  return { digest, output };
}

async function removeImages(docker: Docker): Promise<void> {
  await docker(['image', 'prune', '--all', '--force']);
  expect(await docker(['images', '--all', '--quiet'])).toBe('');
}

async function imageId(docker: Docker, name: string): Promise<string> {
  return (await docker(['image', 'inspect', '--format', '{{.Id}}', name])).trim();
}
