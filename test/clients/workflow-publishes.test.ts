/** A workflow logs in with the OIDC token of its run, stored nowhere, and publishes: docker's way, with crane. */
import { expect, test } from 'vitest';
import { Client, operator } from '../support/client.js';
import { startIssuer } from '../support/issuer.js';
import { served, stored } from './support/content.js';
import { writeImage } from './support/image.js';
import { setUp } from './support/suite.js';

const SOURCE = 'https://github.com/acme/app';

const world = setUp(['crane'], async ({ berth, home, host, run, after }) => {
  const issuer = await startIssuer();
  after(() => issuer.stop());
  issuer.accounts.set('repo:acme/app:ref:refs/heads/main', { repository: 'acme/app', ref: 'refs/heads/main' });
  issuer.accounts.set('repo:acme/other', { repository: 'acme/other', ref: 'refs/heads/main' });
  await berth.restart({ BERTH_OUTBOUND_NETWORKS: '127.0.0.0/8', BERTH_OUTBOUND_HTTP: 'on' });
  await berth.sql(`INSERT INTO sources (namespace_id, url) SELECT id, $1 FROM namespaces WHERE path = 'acme'`, [
    SOURCE,
  ]);
  const { body } = await operator(berth, 'POST', '/orgs/acme/trust-policies', {
    name: 'main',
    issuer: issuer.url,
    audience: 'berth',
    conditions: { repository: 'acme/app', ref: 'refs/heads/main' },
    source: SOURCE,
  });
  await writeImage(`${home}/image`);
  const login = (password: string) =>
    run('crane', ['auth', 'login', host, '--username', 'oidc', '--password-stdin'], { input: password });
  return { issuer, policyId: body.id, login, image: await stored(`${home}/image`) };
});

const crane = (...args: string[]) => world().run('crane', args);

test('publishes without a stored secret: the package is private and linked to its source', async () => {
  const { berth, home, host, image, issuer, login } = world();
  const token = await issuer.idToken('repo:acme/app:ref:refs/heads/main', 'berth');
  await login(token);
  await crane('push', `${home}/image`, `${host}/acme/app:1`);
  expect((await crane('digest', `${host}/acme/app:1`)).stdout.trim()).toBe(image.digest);
  await crane('pull', '--format', 'oci', `${host}/acme/app:1`, `${home}/pulled`);
  expect(await stored(`${home}/pulled`)).toEqual(image);
  expect(await served(new Client(berth, 'oidc', token), 'acme/app', '1')).toEqual(image);
  const [linked] = await berth.sql(
    `SELECT s.url, p.visibility, p.inherits FROM packages p JOIN sources s ON s.id = p.source_id
     JOIN package_names n ON n.package_id = p.id WHERE n.full_name = 'acme/app'`,
  );
  expect(linked).toEqual({ url: SOURCE, visibility: 'private', inherits: true });
});

test('does to others’ packages nothing', async () => {
  const { home, host, pusher } = world();
  await pusher.push('acme/private', '1');
  await expect(crane('manifest', `${host}/acme/private:1`)).rejects.toThrow(/NAME_UNKNOWN|not known/);
  await expect(crane('push', `${home}/image`, `${host}/acme/private:2`)).rejects.toThrow(/DENIED|denied/);
});

test('another repository’s workflow is told that nobody trusts it', async () => {
  const { host, issuer, login } = world();
  await login(await issuer.idToken('repo:acme/other', 'berth'));
  await expect(crane('manifest', `${host}/acme/app:1`)).rejects.toThrow(/no trust policy fits|UNAUTHORIZED/);
});

test('is cut off when the policy goes', async () => {
  const { berth, host, issuer, login, policyId } = world();
  await login(await issuer.idToken('repo:acme/app:ref:refs/heads/main', 'berth'));
  await crane('manifest', `${host}/acme/app:1`);
  await operator(berth, 'DELETE', `/orgs/acme/trust-policies/${policyId}`);
  await expect(crane('manifest', `${host}/acme/app:1`)).rejects.toThrow(/UNAUTHORIZED/);
});
