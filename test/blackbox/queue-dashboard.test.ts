// The queue dashboard at /admin/queues: for operators alone, not to be driven by other sites, and at hand in both deployments.
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { WORKER_CONTRACTS } from '#contracts';
import { RpcClient, readProof, remotePort } from '#rpc';
import { freePort, whyNoS3 } from '#testing';
import { startAllInOne, type TestBerth } from '../support/berth.js';
import { type Accounts, createAccounts } from '../support/client.js';
import { ask } from '../support/raw.js';
import { RPC_SECRET, type SplitBerth, startSplit } from '../support/split.js';

const UNTIL = { timeout: 60_000, interval: 200 };
const PAUSE = '/admin/queues/api/queues/storage-use/pause';
const RESUME = '/admin/queues/api/queues/storage-use/resume';
const missing = whyNoS3();

interface Board {
  queues: Array<{ name: string; isPaused: boolean }>;
}

describe.each(['all-in-one', 'split'])('%s', (deployment) => {
  const isSkipped = deployment === 'split' && missing !== undefined;
  let berth: TestBerth;
  let accounts: Accounts;
  let bearer: Record<string, string>;
  let opsPort: number;

  beforeAll(async () => {
    if (isSkipped) return;
    opsPort = await freePort();
    const ops = { BERTH_OPS_LISTEN: `127.0.0.1:${opsPort}` };
    berth = deployment === 'split' ? await startSplit() : await startAllInOne(ops);
    accounts = await createAccounts(berth);
    bearer = { authorization: `Bearer ${berth.adminToken}` };
  });
  beforeEach(({ skip }) => {
    if (isSkipped && process.env.CI) throw new Error(missing);
    if (isSkipped) skip(missing);
  });
  afterAll(async () => {
    if (isSkipped) return;
    expect(await berth.stop()).toBe(0);
  });

  const call = (path: string, headers: Record<string, string> = {}, options: RequestInit = {}) =>
    fetch(berth.url + path, { redirect: 'manual', ...options, headers });
  const put = (path: string, headers: Record<string, string>) => call(path, headers, { method: 'PUT' });
  const board = async () => (await (await call('/admin/queues/api/queues', bearer)).json()) as Board;
  const isPaused = async () => (await board()).queues.find(({ name }) => name === 'storage-use')?.isPaused;

  async function signIn(token: string | undefined): Promise<string> {
    const answer = await fetch(`${berth.url}/login`, {
      method: 'POST',
      headers: { origin: berth.url, 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    });
    expect(answer.status).toBe(200);
    return (answer.headers.getSetCookie()[0] ?? '').split(';')[0] ?? '';
  }

  it('is for operators alone', async () => {
    for (const path of ['/admin/queues', '/admin/queues/', '/admin/queues/api/queues', '/admin/queues/static/x']) {
      const anonymous = await call(path);
      expect([path, anonymous.status, anonymous.headers.get('www-authenticate')]).toEqual([
        path,
        401,
        'Basic realm="berth"',
      ]);
      expect(anonymous.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect((await call(path, accounts.pusher.basic)).status).toBe(403);
      expect((await call(path, { authorization: 'Bearer nonsense' })).status).toBe(401);
    }
    expect((await put(PAUSE, {})).status).toBe(401);
    expect((await put(PAUSE, { authorization: `Bearer ${accounts.pusher.token}` })).status).toBe(403);
    expect(await isPaused()).toBe(false);
  });

  it('shows the page and every queue, under headers that keep it to itself', async () => {
    for (const headers of [bearer, accounts.admin.basic]) {
      const page = await call('/admin/queues', headers);
      expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringMatching(/^text\/html/)]);
      expect(Object.fromEntries(page.headers)).toMatchObject({
        'content-security-policy': expect.stringMatching(
          /default-src 'none'; script-src 'self';.*frame-ancestors 'none'/,
        ),
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'cache-control': 'no-store',
      });
      const html = await page.text();
      expect(html).toContain('<base href="/admin/queues/"');
      const scripts = [...html.matchAll(/src="(static\/js\/[^"]+)"/g)].map(([, src]) => src);
      expect(scripts.length).toBeGreaterThan(0);
      for (const src of scripts) {
        const script = await call(`/admin/queues/${src}`, headers);
        expect([script.status, script.headers.get('cache-control')]).toEqual([
          200,
          expect.stringContaining('immutable'),
        ]);
        expect(script.headers.get('content-type')).toMatch(/javascript/);
        // One that is half read is a request under way, which the process would wait for at its end.
        expect(await script.text()).not.toBe('');
      }
    }
    const names = (await board()).queues.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['gc-runs', 'object-deletions', 'purge', 'reconcile', 'storage-use']));
  });

  it("takes a browser's session of an operator, and nobody else's", async () => {
    const cookie = await signIn(berth.adminToken);
    expect((await call('/admin/queues', { cookie })).status).toBe(200);
    expect((await call('/admin/queues', { cookie: await signIn(accounts.pusher.token) })).status).toBe(403);
    expect((await call('/admin/queues', { cookie: `${cookie.slice(0, -2)}xx` })).status).toBe(401);
  });

  it('changes nothing on the word of another site', async () => {
    const cookie = await signIn(berth.adminToken);
    for (const credentials of [{ cookie }, accounts.admin.basic]) {
      const foreign: Array<Record<string, string>> = [
        {},
        { origin: 'https://evil.example' },
        { origin: 'null' },
        { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { 'sec-fetch-site': 'none' },
      ];
      for (const more of foreign) {
        const answer = await put(PAUSE, { ...credentials, ...more });
        expect([more, answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([more, 403, null]);
      }
    }
    const preflight = await call(PAUSE, { origin: 'https://evil.example' }, { method: 'OPTIONS' });
    expect([preflight.ok, preflight.headers.get('access-control-allow-origin')]).toEqual([false, null]);
    expect(await isPaused()).toBe(false);
    expect((await put(PAUSE, { cookie, origin: berth.url })).status).toBe(200);
    expect(await isPaused()).toBe(true);
    expect((await put(RESUME, { ...accounts.admin.basic, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
    expect(await isPaused()).toBe(false);
    expect((await put(PAUSE, bearer)).status, 'no site can send a Bearer token').toBe(200);
    expect((await put(RESUME, bearer)).status).toBe(200);
    expect(await isPaused()).toBe(false);
    expect(berth.log()).toContain('an operator acts on a queue');
  });

  it('runs a job that an operator asks for', async () => {
    const answer = await call(
      '/admin/queues/api/queues/storage-use/add',
      { ...bearer, 'content-type': 'application/json' },
      { method: 'POST', body: JSON.stringify({ name: 'look', data: {}, options: {} }) },
    );
    expect(answer.status).toBe(200);
    const { job } = (await answer.json()) as { job: { id: string } };
    await expect
      .poll(async () => (await (await call(`/admin/queues/api/queues/storage-use/${job.id}`, bearer)).json()) as object)
      .toMatchObject({ status: 'completed' });
  });

  it('keeps a job that failed for good, with its reason, and the next look begins anew', async () => {
    const job = async (id: string) =>
      (await (await call(`/admin/queues/api/queues/storage-use/${id}`, bearer)).json()) as object;
    const add = async (options: object) => {
      const answer = await call(
        '/admin/queues/api/queues/storage-use/add',
        { ...bearer, 'content-type': 'application/json' },
        { method: 'POST', body: JSON.stringify({ name: 'look', data: {}, options }) },
      );
      return ((await answer.json()) as { job: { id: string } }).job.id;
    };
    await berth.sql('ALTER TABLE storage_measurements RENAME TO measurements_away');
    const id = await add({ attempts: 2, backoff: 50 });
    await expect
      .poll(() => job(id))
      .toMatchObject({
        status: 'failed',
        job: { attempts: 2, failedReason: expect.stringContaining('storage_measurements'), isFailed: true },
      });
    await expect.poll(() => berth.log()).toContain('a job failed');
    expect(berth.log()).toContain('a job is tried again');
    if (deployment === 'all-in-one') {
      const metrics = await (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text();
      expect(metrics).toMatch(/^berth_jobs_failed_total\{queue="storage-use"\} 1$/m);
    }
    await berth.sql('ALTER TABLE measurements_away RENAME TO storage_measurements');
    const next = await add({});
    await expect.poll(() => job(next)).toMatchObject({ status: 'completed' });
    expect((await put(`/admin/queues/api/queues/storage-use/${id}/retry`, bearer)).status).toBe(204);
    await expect.poll(() => job(id)).toMatchObject({ status: 'completed' });
  });

  it('refuses what it cannot read, and never fails', async () => {
    const json = { ...bearer, 'content-type': 'application/json' };
    const post = async (path: string, body: string) =>
      (await call(`/admin/queues${path}`, json, { method: 'POST', body })).status;
    expect(await post('/api/queues/storage-use/add', '{')).toBe(400);
    expect(await post('/api/queues/storage-use/add', JSON.stringify({ data: 'x'.repeat(70_000) }))).toBe(413);
    expect(await post('/api/queues/storage-use/add', '{"name":"x","options":{"jobId":"12"}}')).toBe(409);
    expect(await post('/api/queues/storage-use/add', '')).toBeLessThan(500);
    expect(await post('/api/queues/nobody/add', '{"name":"x"}')).toBe(404);
    expect((await put('/admin/queues/api/queues/storage-use/12345678/retry', bearer)).status).toBe(404);
    expect((await put('/admin/queues/api/queues/storage-use/clean/nonsense', bearer)).status).toBeLessThan(500);
    expect((await call('/admin/queues/nothing/here', bearer)).status).toBe(404);
    expect(
      (await call('/admin/queues/api/queues?activeQueue=nobody&page=-1&jobsPerPage=x', bearer)).status,
    ).toBeLessThan(500);
    for (const path of [
      '/static/../../package.json',
      '/static/..%2f..%2fpackage.json',
      '/static/%2e%2e/%2e%2e/package.json',
      '/static/..%5c..%5cpackage.json',
      '//evil.example/',
      '/../v1/gc',
      '/%00',
      '/%zz',
    ]) {
      const { status, body } = await ask(berth, { path: `/admin/queues${path}`, headers: bearer });
      expect([path, status, body.toString('utf8')]).toEqual([
        path,
        expect.any(Number),
        expect.not.stringContaining('MIT'),
      ]);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    }
    expect(berth.log()).not.toContain('request failed');
  });
});

describe('between gateway and worker', () => {
  let berth: SplitBerth;
  let bearer: Record<string, string>;
  const page = () => fetch(`${berth.gateways[0].url}/admin/queues/api/queues`, { headers: bearer });

  beforeAll(async () => {
    if (missing) return;
    berth = await startSplit();
    bearer = { authorization: `Bearer ${berth.adminToken}` };
  });
  beforeEach(({ skip }) => {
    if (missing && process.env.CI) throw new Error(missing);
    if (missing) skip(missing);
  });
  afterAll(async () => {
    await berth?.stop();
  });

  it("nobody without the services' secret is answered", async () => {
    const ask = async (secret: string) => {
      const client = new RpcClient({
        url: `http://${berth.rpc.worker}`,
        proof: readProof({ BERTH_RPC_SECRET: secret }),
        log: pino({ level: 'silent' }),
        contracts: WORKER_CONTRACTS,
      });
      return remotePort(WORKER_CONTRACTS[0], client)
        .answer({ method: 'GET', path: '/api/queues', json: undefined })
        .then(({ status }) => String(status))
        .catch((error: Error) => error.message)
        .finally(() => client.close());
    };
    expect(await ask(RPC_SECRET)).toBe('200');
    expect(await ask('another-secret-that-is-long-enough')).toMatch(/UNAUTHENTICATED/);
    await expect(fetch(`http://${berth.rpc.worker}/admin/queues`), 'no browser, either').rejects.toThrow();
  });

  it('a worker that is away is a 503 that says so, and back again', async () => {
    expect((await page()).status).toBe(200);
    await berth.members.worker.kill();
    const answer = await page();
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('retry-after')]).toEqual([
      503,
      expect.stringMatching(/^application\/problem\+json/),
      '1',
    ]);
    expect((await fetch(`${berth.gateways[0].url}/admin/queues`)).status, 'strangers learn nothing of it').toBe(401);
    await berth.start('worker');
    await vi.waitFor(async () => expect((await page()).status).toBe(200), UNTIL);
  });

  it('a gateway that knows no worker says so', async () => {
    await berth.members.second.terminate();
    await berth.start('second', { BERTH_WORKER_URL: '' });
    const answer = await fetch(`${berth.gateways[1].url}/admin/queues`, { headers: bearer });
    expect([answer.status, ((await answer.json()) as { detail: string }).detail]).toEqual([
      503,
      expect.stringContaining('BERTH_WORKER_URL'),
    ]);
  });

  it('queues that are away are a 503, too', async ({ skip }) => {
    if (!berth.redis) return skip('install redis-server');
    await berth.redis.kill();
    expect((await page()).status).toBe(503);
    await berth.redis.start();
    await vi.waitFor(async () => expect((await page()).status).toBe(200), UNTIL);
  }, 180_000);
});
