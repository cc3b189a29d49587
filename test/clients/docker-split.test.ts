/** Docker Engine against two gateways of one Berth, behind a proxy that gives each request to the next. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createAccounts } from '../support/client.js';
import { needsS3 } from '../support/s3.js';
import { type SplitBerth, startSplit } from '../support/split.js';
import { served } from './support/content.js';
import { type Docker, importBusybox, startDocker } from './support/docker.js';
import { setUpHome } from './support/suite.js';

const MINUTES = 60_000;

needsS3();
const world = setUpHome(['docker', 'dockerd', 'busybox'], async (home) => {
  const split = await startSplit({ BERTH_BLOB_DELIVERY: 'redirect' });
  home.after(() => split.stop());
  const { pusher } = await createAccounts({ url: split.turnsUrl, adminToken: split.adminToken });
  const host = new URL(split.turnsUrl).host;
  const docker = await startDocker(home);
  await docker(['login', '--username', 'pusher', '--password-stdin', host], pusher.token ?? '');
  await importBusybox(docker, `${home.home}/busybox`, `${host}/acme/base:1`);
  await docker(['push', `${host}/acme/base:1`]);
  return { split, docker, pusher, host, log: async () => split.log() };
});

describe('a layer of more than a gigabyte', () => {
  test('is pushed and pulled through both gateways', { timeout: 20 * MINUTES }, async () => {
    const { docker, host, pusher, split } = world();
    await build(docker, host, `${host}/acme/large:1`, '1100m');
    await docker(['push', `${host}/acme/large:1`]);
    for (const gateway of split.gateways) expect(split.turns.counts[gateway.host]).toBeGreaterThan(3);
    expect(Math.max(...Object.values((await served(pusher, 'acme/large', '1')).sizes))).toBeGreaterThan(1_100_000_000);
    await pullAndRun(docker, `${host}/acme/large:1`);
  });
});

describe('a gateway that is killed in the middle of a layer', () => {
  test('costs the client a retry, and the image is intact', { timeout: 20 * MINUTES }, async () => {
    const { docker, host, pusher, split } = world();
    await build(docker, host, `${host}/acme/broken:1`, '500m');
    const pushed = docker(['push', `${host}/acme/broken:1`]);
    const place = await findUpload(split, 50_000_000, pushed);
    const killed = split.gateways.find(({ host }) => host === place);
    await killed?.kill();
    await pushed;
    const { sizes } = await served(pusher, 'acme/broken', '1');
    expect(Math.max(...Object.values(sizes))).toBeGreaterThan(500_000_000);
    await killed?.restart();
    await pullAndRun(docker, `${host}/acme/broken:1`);
  });
});

/** Which gateway has got this much of a body and is getting more. */
async function findUpload(split: SplitBerth, bytes: number, pushed: Promise<unknown>): Promise<string> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  pushed.then(over, over);
  for (;;) {
    const found = split.turns.underWay().find((body) => body.bytes > bytes);
    if (found) return found.place;
    if (isOver)
      throw new Error(`the push ended before ${bytes} bytes of one layer were on their way:\n${await pushed}`);
    await sleep(5);
  }
}

/** An image with one large layer that does not compress, and the sum of what is in it. */
async function build(docker: Docker, host: string, tag: string, size: string): Promise<void> {
  const fill = `RUN head -c ${size} /dev/urandom > /large && sha256sum /large > /sums`;
  const dockerfile = `FROM ${host}/acme/base:1\n${fill}\nCMD ["sha256sum", "-c", "/sums"]\n`;
  await docker(['build', '--network', 'none', '--tag', tag, '-'], dockerfile);
}

async function pullAndRun(docker: Docker, name: string): Promise<void> {
  await docker(['image', 'rm', name]);
  await docker(['image', 'prune', '--all', '--force']);
  expect(await docker(['pull', name])).toContain('Pull complete');
  expect(await docker(['run', '--rm', '--network', 'none', name])).toBe('/large: OK\n');
  await docker(['image', 'rm', name]);
}
