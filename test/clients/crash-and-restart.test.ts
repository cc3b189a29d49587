/** What is left of pushes when Berth's process is killed without notice: all that a client was told is there. */
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { served, stored } from './support/content.js';
import { writeImage, writeIndex } from './support/image.js';
import { setUp } from './support/suite.js';

const world = setUp(['crane'], async ({ host, token, run }) => {
  const crane = (...args: string[]) => run('crane', args);
  await run('crane', ['auth', 'login', host, '--username', 'pusher', '--password-stdin'], { input: token });
  return { crane };
});

test('images whose push was answered are whole after SIGKILL', async () => {
  const { berth, crane, home, host, pusher } = world();
  const pushes: Array<{ layout: string; name: string }> = [];
  for (let at = 0; at < 4; at++) {
    const layout = `${home}/image-${at}`;
    await writeImage(layout);
    pushes.push({ layout, name: `acme/app-${at}` });
  }
  const [index, last] = [`${home}/index`, pushes[3]];
  await writeIndex(index);
  await crane('push', '--index', index, `${host}/acme/multi:1`);
  await Promise.all(pushes.map(({ layout, name }) => crane('push', layout, `${host}/${name}:1`)));
  // The last answer that clients got before the crash is a tag's move.
  await crane('tag', `${host}/${last?.name}:1`, 'moved');
  await berth.kill();
  await berth.restart();

  for (const { layout, name } of pushes) {
    expect(await served(pusher, name, '1')).toEqual(await stored(layout));
  }
  expect(await served(pusher, last?.name ?? '', 'moved')).toEqual(await stored(last?.layout ?? ''));
  await crane('pull', '--format', 'oci', `${host}/acme/multi@${(await stored(index)).digest}`, `${home}/pulled`);
  expect(await stored(`${home}/pulled`)).toEqual(await stored(index));
});

test('a push that the crash cut off succeeds when it is repeated', async () => {
  const { berth, crane, home, host, pusher } = world();
  const [layout, files] = [`${home}/large`, `${home}/large-files`];
  await mkdir(files);
  await writeFile(`${files}/random`, randomBytes(300_000_000));
  await writeImage(layout, [files]);

  const sent = crane('push', layout, `${host}/acme/large:1`).then(
    () => 'finished',
    () => 'cut off',
  );
  const uploads = () => berth.sql("SELECT id FROM upload_sessions WHERE state = 'open'");
  await vi.waitUntil(async () => (await uploads()).length > 0, { timeout: 30_000, interval: 20 });
  await sleep(100);
  await berth.kill();
  // crane tries again for some seconds, in vain.
  expect(await sent).toBe('cut off');
  await berth.restart();

  expect((await pusher.v2('/v2/acme/large/manifests/1')).status).toBe(404);
  await crane('push', layout, `${host}/acme/large:1`);
  expect(await served(pusher, 'acme/large', '1')).toEqual(await stored(layout));
});
