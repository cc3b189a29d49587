/** What people do with Helm: log in, push a chart, show and pull it. */
import { mkdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { sha256 } from '../support/client.js';
import { served } from './support/content.js';
import { setUp } from './support/suite.js';

const world = setUp(['helm'], async ({ home, host, run }) => {
  const helm = async (args: string[], input = '') => {
    const { stdout, stderr } = await run('helm', args, { input });
    return stdout + stderr;
  };
  await helm(['create', 'shop']);
  await helm(['package', 'shop', '--version', '1.2.3+build.4']);
  const chart = `${home}/shop-1.2.3+build.4.tgz`;
  return { helm, chart, charts: `oci://${host}/acme/charts` };
});

test('logs in with a token, and with nothing else', async () => {
  const { helm, host, token } = world();
  const login = (password: string) =>
    helm(['registry', 'login', '--plain-http', '--username', 'pusher', '--password-stdin', host], password);
  await expect(login('not-a-token')).rejects.toThrow(/401|unauthorized/i);
  expect(await login(token)).toContain('Login Succeeded');
});

test('pushes a chart and pulls the same file', async () => {
  const { helm, chart, charts, home, pusher } = world();
  const output = await helm(['push', '--plain-http', chart, charts]);
  // A tag has no plus sign: Helm writes an underscore.
  const pushed = await served(pusher, 'acme/charts/shop', '1.2.3_build.4');
  expect(output).toContain(pushed.digest);
  expect(Object.keys(pushed.sizes)).toContain(sha256(await readFile(chart)));

  await mkdir(`${home}/pulled`);
  await helm([
    'pull',
    '--plain-http',
    '--destination',
    `${home}/pulled`,
    `${charts}/shop`,
    '--version',
    '1.2.3+build.4',
  ]);
  expect(await readFile(`${home}/pulled/shop-1.2.3+build.4.tgz`)).toEqual(await readFile(chart));
});

test('finds the newest version by itself, and shows and renders the chart', async () => {
  const { helm, charts } = world();
  for (const version of ['1.9.0', '1.10.0']) {
    await helm(['package', 'shop', '--version', version]);
    await helm(['push', '--plain-http', `shop-${version}.tgz`, charts]);
  }
  const shop = ['--plain-http', `${charts}/shop`];
  expect(await helm(['show', 'chart', ...shop])).toMatch(/^version: 1\.10\.0$/m);
  expect(await helm(['show', 'chart', ...shop, '--version', '~1.9'])).toMatch(/^version: 1\.9\.0$/m);
  expect(await helm(['template', 'release', ...shop])).toContain('kind: Deployment');
});
