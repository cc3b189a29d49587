// The services apart: who holds which secret, what one gateway began and another ends, and what happens when one is away.
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { BLOBS_CONTRACTS, METADATA_CONTRACTS } from '#contracts';
import { RpcClient, readProof, remotePort } from '#rpc';
import { freePort, whyNoS3 } from '#testing';
import { type Accounts, type Client, createAccounts, encode, randomBlob, sha256 } from '../support/client.js';
import { RPC_SECRET, type SplitBerth, startSplit } from '../support/split.js';

const missing = whyNoS3();
vi.setConfig({ testTimeout: 5 * 60_000 }); // whole deployments start in these tests
const UNTIL = { timeout: 60_000, interval: 200 };
let berth: SplitBerth;
let accounts: Accounts;
let first: Client;
let second: Client;

beforeAll(async () => {
  if (missing) return;
  berth = await startSplit({ BERTH_LOG_LEVEL: 'debug' });
  accounts = await createAccounts(berth);
  first = accounts.pusher.at(berth.gateways[0]);
  second = accounts.pusher.at(berth.gateways[1]);
});
beforeEach(({ skip }) => {
  if (missing && process.env.CI) throw new Error(missing);
  if (missing) skip(missing);
});
afterAll(async () => {
  expect(await berth?.stop()).toBe(missing ? undefined : 0);
});

describe('secrets', () => {
  /** What only some may know, and in whose environment it is. */
  const knowers = async (secret: (environment: NodeJS.ProcessEnv) => string | undefined) => {
    const names = Object.keys(berth.members) as Array<keyof typeof berth.members>;
    const text = secret({ ...berth.environmentOf('metadata'), ...berth.environmentOf('worker') }) ?? '';
    expect(text).not.toBe('');
    const environments = await Promise.all(
      names.map((name) => readFile(`/proc/${berth.members[name].child.pid}/environ`, 'utf8')),
    );
    return names.filter((_, i) => environments[i]?.includes(text)).sort();
  };

  it.runIf(process.platform === 'linux')('are where they are needed, and in no gateway', async () => {
    expect(await knowers((e) => e.BERTH_DATABASE_URL)).toEqual(['metadata', 'worker']);
    expect(await knowers((e) => e.AWS_SECRET_ACCESS_KEY)).toEqual(['blobs', 'worker']);
    expect(await knowers((e) => e.BERTH_ADMIN_TOKEN)).toEqual(['metadata']);
  });
});

describe('two gateways', () => {
  it('serve what the other one took', async () => {
    const layer = randomBlob(100_000);
    const document = await first.push('acme/two', '1', [layer]);
    const answer = await second.v2('/v2/acme/two/manifests/1');
    expect([answer.status, answer.headers.get('docker-content-digest')]).toEqual([200, sha256(encode(document))]);
    expect((await second.blob('acme/two', sha256(layer))).bytes.equals(layer)).toBe(true);
    expect((await first.v2('/v2/acme/two/manifests/1', { method: 'DELETE' })).status).toBe(202);
    expect((await second.v2('/v2/acme/two/manifests/1')).status).toBe(404);
  });

  it('take turns within one upload', async () => {
    const by = accounts.pusher.at({ ...berth, url: berth.turnsUrl });
    const chunks = Array.from({ length: 6 }, () => randomBlob(3_000_000));
    const whole = Buffer.concat(chunks);
    let location = await by.start('acme/turns');
    let offset = 0;
    for (const chunk of chunks) {
      const headers = { 'content-range': `${offset}-${offset + chunk.length - 1}` };
      const answer = await by.v2(location, { method: 'PATCH', body: chunk, headers });
      expect(answer.status).toBe(202);
      location = answer.headers.get('location') ?? '';
      offset += chunk.length;
    }
    expect((await by.v2(`${location}?digest=${sha256(whole)}`, { method: 'PUT' })).status).toBe(201);
    expect((await by.blob('acme/turns', sha256(whole))).bytes.equals(whole)).toBe(true);
  });

  it('end an upload whose gateway was killed in mid-layer', async () => {
    const whole = randomBlob(20_000_000);
    const location = await first.start('acme/killed');
    const bearer = await first.bearerFor(location);
    const { port } = berth.gateways[0];
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    socket.write(
      `PATCH ${location} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${bearer}\r\ncontent-length: ${whole.length}\r\n\r\n`,
    );
    socket.write(whole.subarray(0, 12_000_000));
    const offset = async () => {
      const range = (await second.v2(location)).headers.get('range') ?? '0-0';
      const end = Number(range.slice(2));
      return end === 0 ? 0 : end + 1;
    };
    await vi.waitFor(async () => expect(await offset()).toBeGreaterThan(0), UNTIL); // a part is durable
    await berth.members.first.kill();
    socket.destroy();

    const done = await offset();
    const rest = whole.subarray(done);
    const headers = { 'content-range': `${done}-${whole.length - 1}` };
    expect((await second.v2(location, { method: 'PATCH', body: rest, headers })).status).toBe(202);
    expect((await second.v2(`${location}?digest=${sha256(whole)}`, { method: 'PUT' })).status).toBe(201);
    expect((await second.blob('acme/killed', sha256(whole))).bytes.equals(whole)).toBe(true);
    await berth.start('first');
  });

  it('log the trace that a client began, and so do the services', async () => {
    const traceId = 'c0ffee'.padEnd(32, '0');
    const headers = { traceparent: `00-${traceId}-${'ab'.repeat(8)}-01` };
    await first.v2('/v2/acme/traced/tags/list', { headers });
    const mentions = (member: 'first' | 'metadata') => berth.members[member].log.some((line) => line.includes(traceId));
    await vi.waitFor(() => expect([mentions('first'), mentions('metadata')]).toEqual([true, true]), UNTIL);
  });
});

describe('a service that is away', () => {
  it('metadata: 503 with Retry-After, at once, and 200 once it is back', async () => {
    await first.push('acme/away', '1');
    const authorization = `Bearer ${await first.bearer('repository:acme/away:pull')}`;
    const get = () => first.v2('/v2/acme/away/manifests/1', { headers: { authorization } });
    expect((await get()).status).toBe(200);
    await berth.members.metadata.kill();
    const answer = await get();
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    await berth.start('metadata');
    await vi.waitFor(async () => expect((await get()).status).toBe(200), UNTIL);
  });

  it('metadata that restarts in order loses no answer, though it may cost retries', async () => {
    await first.push('acme/restart', '1');
    const authorization = `Bearer ${await first.bearer('repository:acme/restart:pull')}`;
    const seen = new Set<number>();
    let isOver = false;
    const asking = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const answer = await second.v2('/v2/acme/restart/manifests/1', { headers: { authorization } });
        await answer.arrayBuffer();
        seen.add(answer.status);
      }
    });
    expect(await berth.members.metadata.terminate()).toBe(0);
    await berth.start('metadata');
    for (const gateway of [first, second]) {
      const get = () => gateway.v2('/v2/acme/restart/manifests/1', { headers: { authorization } });
      await vi.waitFor(async () => expect((await get()).status).toBe(200), UNTIL);
    }
    isOver = true;
    await Promise.all(asking);
    expect([...seen].filter((status) => status !== 200 && status !== 503)).toEqual([]);
  });

  it('blobs: uploads and downloads 503, manifests as ever', async () => {
    const layer = randomBlob(70_000);
    await first.push('acme/noblobs', '1', [layer]);
    await berth.members.blobs.terminate();
    expect((await first.v2('/v2/acme/noblobs/manifests/1')).status).toBe(200);
    const download = await first.v2(`/v2/acme/noblobs/blobs/${sha256(layer)}`);
    expect([download.status, download.headers.get('retry-after')]).toEqual([503, '1']);
    const upload = await first.up('acme/noblobs', randomBlob());
    expect([upload.status, upload.headers.get('retry-after')]).toEqual([503, '1']);
    await berth.start('blobs');
    await vi.waitFor(async () => expect((await first.up('acme/noblobs', randomBlob())).status).toBe(201), UNTIL);
  });

  it('is told by /readyz until it is there', async () => {
    await berth.members.second.terminate();
    await berth.members.metadata.terminate();
    const port = await freePort();
    await berth.start('second', { BERTH_OPS_LISTEN: `127.0.0.1:${port}` });
    const ready = async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
      return [answer.status, await answer.text()];
    };
    // Blobs, too, may take longer for its answer than one question waits.
    await vi.waitFor(async () => expect(await ready()).toEqual([503, 'metadata does not answer\n']), UNTIL);
    expect((await fetch(`http://127.0.0.1:${port}/livez`)).status).toBe(200);
    await berth.start('metadata');
    await vi.waitFor(async () => expect(await ready()).toEqual([200, 'ok\n']), UNTIL);
  });
});

describe('Redis', () => {
  const schedulers = async () => (await berth.redis?.keys())?.filter((key) => /:look$|:repeat$/.test(key)) ?? [];

  it('may lose everything: what runs by itself goes on', async ({ skip }) => {
    if (!berth.redis) return skip('install redis-server');
    await vi.waitFor(async () => expect(await schedulers()).not.toEqual([]), UNTIL);
    await berth.redis.flush();
    await vi.waitFor(async () => expect(await schedulers()).not.toEqual([]), UNTIL);
    await expectDeletions();
  });

  it('may go away for a while: nothing but the worker notices', async ({ skip }) => {
    if (!berth.redis) return skip('install redis-server');
    await berth.redis.kill();
    await first.push('acme/noredis', '1');
    expect((await second.v2('/v2/acme/noredis/manifests/1')).status).toBe(200);
    await berth.redis.start();
    await expectDeletions();
    const lines = berth.members.worker.log.filter((line) => line.includes('lost a connection'));
    expect(lines.length).toBeGreaterThan(0);
    expect(berth.members.worker.log.filter((line) => !line.startsWith('{'))).toEqual([]);
  });

  /** An upload that is cancelled leaves objects, and the worker takes them away. */
  async function expectDeletions(): Promise<void> {
    const location = await first.start('acme/left');
    await first.v2(location, { method: 'PATCH', body: randomBlob(10_000) });
    expect((await first.v2(location, { method: 'DELETE' })).status).toBe(204);
    await vi.waitFor(
      async () => {
        const [row] = await berth.sql<{ due: number }>(
          'SELECT count(*)::int AS due FROM object_deletions WHERE not_before <= now()',
        );
        expect(row?.due).toBe(0);
      },
      { timeout: 4 * 60_000, interval: 500 },
    );
  }
});

describe('calls between services', () => {
  const log = pino({ level: 'silent' });
  const [blobIndex] = METADATA_CONTRACTS;
  const ask = async (secret: string | undefined) => {
    const client = new RpcClient({
      url: `http://${berth.rpc.metadata}`,
      proof: readProof({ BERTH_RPC_SECRET: secret }),
      log,
      contracts: METADATA_CONTRACTS,
    });
    const digest = sha256(Buffer.from('x')) as never;
    return remotePort(blobIndex, client)
      .find(1, digest)
      .then(() => 'answered')
      .catch((error: Error) => error.message)
      .finally(() => client.close());
  };

  it('need the secret', async () => {
    expect(await ask(RPC_SECRET)).toBe('answered');
    expect(await ask('another-secret-that-is-long-enough')).toMatch(/UNAUTHENTICATED/);
  });

  it('list and delete no objects, whoever asks: the gateway never does, and the worker has the bucket itself', async () => {
    const client = new RpcClient({
      url: `http://${berth.rpc.blobs}`,
      proof: readProof({ BERTH_RPC_SECRET: RPC_SECRET }),
      log,
      contracts: BLOBS_CONTRACTS,
    });
    const [, { methods }] = BLOBS_CONTRACTS;
    const call = (name: string, message: unknown[]) =>
      client.call(`/berth.ObjectKeeper/${name}`, message, methods.size).then(
        () => 'answered',
        (error: Error) => error.message,
      );
    try {
      expect(await call('size', ['0'.repeat(40)])).toBe('answered');
      for (const [name, message] of [
        ['delete', [['0'.repeat(40)]]],
        ['list', ['', 10]],
        ['listUploads', ['', 10]],
        ['abortMultipart', ['0'.repeat(40), undefined]],
      ] as const) {
        expect([name, await call(name, [...message])]).toEqual([name, expect.stringMatching(/UNIMPLEMENTED/)]);
      }
    } finally {
      client.close();
    }
  });

  it('are refused by services that nobody could check', async () => {
    const { BERTH_RPC_SECRET: _, ...environment } = berth.environmentOf('metadata');
    const { startProcess } = await import('../support/process.js');
    const process = startProcess('metadata', environment);
    await expect(process.ready).rejects.toThrow(/ended with 1 .*\n.*\n.*BERTH_RPC_SECRET must be set/);
  });
});

it('starts in any order', async () => {
  const other = await startSplit({}, ['first', 'second', 'worker', 'blobs', 'metadata']);
  try {
    const { pusher } = await createAccounts(other);
    await pusher.push('acme/app', '1');
  } finally {
    expect(await other.stop()).toBe(0);
  }
});
