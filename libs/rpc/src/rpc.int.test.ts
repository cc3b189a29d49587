import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { Contract, MethodContract } from '#contracts';
import { RegistryError } from '#oci';
import { ObjectMissingError } from '#registry';
import { currentTrace, runInTrace } from '#trace';
import { encode } from './codec.js';
import { type Proof, readProof } from './proof.js';
import { remotePort } from './remote-port.js';
import { RpcClient } from './rpc-client.js';
import { RpcServer } from './rpc-server.js';
import { ServiceTokens } from './service-token.js';

const SECRET = 'a-secret-of-the-services-in-this-test';
const PROOF: Proof = { secret: SECRET, tls: undefined };
const log = pino({ level: 'silent' });

abstract class Shelf {
  abstract find(name: string): Promise<string | undefined>;
  abstract bulky(size: number): Promise<Uint8Array>;
  abstract take(item: { name: string; when?: Date; count: bigint }): Promise<unknown>;
  abstract fail(kind: string): Promise<void>;
  abstract linger(): Promise<void>;
}

const method = (args: z.ZodType[], answer: z.ZodType, more: Partial<MethodContract> = {}): MethodContract => ({
  arguments: z.tuple(args as [z.ZodType]),
  answer,
  isRepeatable: false,
  isBatched: false,
  deadline: 10_000,
  ...more,
});
const contract: Contract<Shelf> = {
  service: 'Shelf',
  port: Shelf,
  methods: {
    find: method([z.string()], z.string().optional(), { isBatched: true, isRepeatable: true }),
    bulky: method([z.int()], z.instanceof(Uint8Array), { isBatched: true }),
    take: method([z.object({ name: z.string(), when: z.date().optional(), count: z.bigint() })], z.unknown()),
    fail: method([z.string()], z.undefined()),
    linger: method([], z.undefined(), { deadline: 300 }),
  },
};

/** What the service was asked, turn by turn of its event loop. */
let turns: string[][] = [];
let traces: Array<string | undefined> = [];

class LocalShelf extends Shelf {
  override async find(name: string) {
    if (!turns.at(-1)?.length) setImmediate(() => turns.push([]));
    turns.at(-1)?.push(name);
    traces.push(currentTrace()?.traceId);
    if (name === 'bad') throw new RegistryError('NAME_UNKNOWN', { name });
    return name === 'absent' ? undefined : name.toUpperCase();
  }
  override async bulky(size: number) {
    return Buffer.alloc(size, size % 251);
  }
  override async take(item: object) {
    return item;
  }
  override async fail(kind: string) {
    if (kind === 'registry')
      throw new RegistryError('DENIED', { why: 'x'.repeat(100_000) }, { status: 418, headers: { 'retry-after': '7' } });
    if (kind === 'missing') throw new ObjectMissingError('k');
    throw new Error(`the secret of ${kind}`);
  }
  override async linger() {
    await new Promise((resolve) => setTimeout(resolve, 3000).unref());
  }
}

const statusOf = (error: unknown) => ((error as Error).message.includes('passing') ? 503 : 500);

let server: RpcServer;
let client: RpcClient;
let shelf: Shelf;
let port: number;

async function start(proof: Proof, at = 0): Promise<number> {
  server = new RpcServer({ proof, log, statusOf });
  server.add(contract, new LocalShelf());
  return server.listen({ host: '127.0.0.1', port: at });
}

const clientOf = (proof: Proof, url = `http://127.0.0.1:${port}`) =>
  new RpcClient({ url, proof, log, contracts: [contract] });

beforeEach(async () => {
  turns = [[]];
  traces = [];
  port = await start(PROOF);
  client = clientOf(PROOF);
  shelf = remotePort(contract, client);
});

afterEach(async () => {
  client.close();
  await server.close();
});

describe('a remote port', () => {
  it('is one of its kind', () => {
    expect(shelf).toBeInstanceOf(Shelf);
  });

  it('carries numbers, bytes, dates, bigints and what is absent', async () => {
    const item = { name: 'a', when: new Date(1_700_000_000_123), count: 2n ** 60n };
    expect(await shelf.take(item)).toEqual(item);
    expect(await shelf.take({ name: 'b', count: 1n })).toEqual({ name: 'b', count: 1n });
    expect(await shelf.find('absent')).toBeUndefined();
  });

  it('drops properties that the contract does not name', async () => {
    expect(await shelf.take({ name: 'a', count: 1n, surplus: true } as never)).toEqual({ name: 'a', count: 1n });
  });

  it('is refused arguments of another type, as a fault', async () => {
    await expect(shelf.take({ name: 7 } as never)).rejects.toMatchObject({ name: 'ServiceFault', statusCode: 500 });
  });

  it('throws the errors of the domain as they were thrown, whatever their size', async () => {
    const refused = await shelf.fail('registry').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RegistryError);
    expect(refused).toMatchObject({ code: 'DENIED', status: 418, headers: { 'retry-after': '7' } });
    expect((refused as RegistryError).detail).toEqual({ why: 'x'.repeat(100_000) });
    const missing = await shelf.fail('missing').catch((error: unknown) => error);
    expect(missing).toBeInstanceOf(ObjectMissingError);
    expect(missing).toMatchObject({ key: 'k' });
  });

  it('tells passing faults from others, and nothing of what they said', async () => {
    const passing = await shelf.fail('passing').catch((error: Error) => error);
    expect(passing).toMatchObject({ name: 'ServiceFault', statusCode: 503 });
    const fault = await shelf.fail('others').catch((error: Error) => error);
    expect(fault).toMatchObject({ name: 'ServiceFault', statusCode: 500 });
    expect(String(fault)).not.toContain('secret');
  });

  it('gives up at the deadline', async () => {
    await expect(shelf.linger()).rejects.toMatchObject({ name: 'ServiceFault', statusCode: 503 });
  });
});

describe('look-ups of one moment', () => {
  it('travel as one message, each with an outcome of its own', async () => {
    const call = vi.spyOn(client, 'call');
    const names = Array.from({ length: 150 }, (_, i) => `n${i}`);
    const answers = await Promise.allSettled([...names, 'bad'].map((name) => shelf.find(name)));
    expect(call).toHaveBeenCalledTimes(1);
    expect(turns[0]).toHaveLength(151);
    expect(answers.slice(0, 150)).toEqual(names.map((n) => ({ status: 'fulfilled', value: n.toUpperCase() })));
    expect(answers[150]).toMatchObject({ status: 'rejected', reason: { code: 'NAME_UNKNOWN' } });
  });

  it('are asked for alone where the answer would be too large', async () => {
    const sizes = Array.from({ length: 12 }, (_, i) => 4 * 1024 * 1024 - i);
    const answers = await Promise.all(sizes.map((size) => shelf.bulky(size)));
    expect(answers.map((bytes) => [bytes.length, bytes[0], bytes.at(-1)])).toEqual(
      sizes.map((size) => [size, size % 251, size % 251]),
    );
  });
});

it('passes the trace on', async () => {
  const traceId = 'ab'.repeat(16);
  await runInTrace(`00-${traceId}-${'cd'.repeat(8)}-01`, () => shelf.find('a'));
  expect(traces).toEqual([traceId]);
});

describe('a service that is away', () => {
  it('is a fault that passes, at once', async () => {
    await server.close();
    await expect(shelf.find('a')).rejects.toMatchObject({ name: 'ServiceFault', statusCode: 503 });
    await expect(shelf.take({ name: 'a', count: 1n })).rejects.toMatchObject({ statusCode: 503 });
    expect(await client.isReady()).toBe(false);
  });

  it('is found again when it is back', async () => {
    await shelf.find('a');
    await server.close();
    await start(PROOF, port);
    await vi.waitFor(async () => expect(await shelf.find('a')).toBe('A'), { timeout: 30_000, interval: 100 });
  });

  it('is ready when it says so', async () => {
    expect(await client.isReady()).toBe(false);
    server.setReady(true);
    // A question that is answered late counts as a no.
    await vi.waitFor(async () => expect(await client.isReady()).toBe(true), { timeout: 30_000, interval: 100 });
    server.setReady(false);
    expect(await client.isReady()).toBe(false);
  });

  it('stops although a connection is kept', async () => {
    await shelf.find('a');
    await server.close();
  });
});

describe('connections', () => {
  /** Between client and server; counts connections. */
  async function between(): Promise<{ url: string; opened(): number; open(): number; stop(): void }> {
    const sockets = new Set<Socket>();
    let opened = 0;
    const proxy = createServer((socket) => {
      const onward = connect(port, '127.0.0.1');
      opened++;
      for (const [from, to] of [
        [socket, onward],
        [onward, socket],
      ] as const) {
        sockets.add(from);
        from.pipe(to);
        from
          .on('error', () => undefined)
          .on('close', () => {
            sockets.delete(from);
            to.destroy();
          });
      }
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const stop = () => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    };
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    return { url, opened: () => opened, open: () => sockets.size / 2, stop };
  }

  it('are renewed by the caller, and no call is lost that cannot be made again', async () => {
    const proxy = await between();
    const renewing = new RpcClient({ url: proxy.url, proof: PROOF, log, contracts: [contract], renewAfterMs: 20 });
    try {
      const far = remotePort(contract, renewing);
      for (const end = Date.now() + 30_000; proxy.opened() < 5 && Date.now() < end; ) {
        const items = Array.from({ length: 20 }, (_, i) => ({ name: `n${i}`, count: 1n }));
        expect(await Promise.all(items.map((item) => far.take(item)))).toEqual(items);
      }
      expect(proxy.opened()).toBeGreaterThanOrEqual(5);
      await vi.waitFor(() => expect(proxy.open()).toBeLessThanOrEqual(2), { timeout: 30_000 });
    } finally {
      renewing.close();
      proxy.stop();
    }
  });
});

describe('proof by secret', () => {
  const path = '/berth.Shelf/take';
  const body = encode([{ name: 'a', count: 1n }]);

  function send(token: string | undefined, at = path, message = body): Promise<ServiceError | null> {
    const raw = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const metadata = new Metadata();
    if (token) metadata.set('berth-token', token);
    const same = (bytes: Buffer) => bytes;
    return new Promise<ServiceError | null>((resolve) => {
      raw.makeUnaryRequest(at, same, same, message, metadata, {}, (error) => resolve(error));
    }).finally(() => raw.close());
  }

  it('is a token for this very call', async () => {
    const token = new ServiceTokens(SECRET).sign(path, body);
    expect(await send(token)).toBeNull();
    const refusal = { code: status.UNAUTHENTICATED };
    expect(await send(undefined)).toMatchObject(refusal);
    expect(await send('1.x')).toMatchObject(refusal);
    expect(await send(new ServiceTokens('another-secret-of-some-services-1').sign(path, body))).toMatchObject(refusal);
    expect(await send(token, '/berth.Shelf/find', encode([['a']]))).toMatchObject(refusal);
    expect(await send(token, path, encode([{ name: 'b', count: 1n }]))).toMatchObject(refusal);
  });

  it('is good for a minute', async () => {
    const sign = (ageSeconds: number) => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - ageSeconds * 1000 });
      const token = new ServiceTokens(SECRET).sign(path, body);
      vi.useRealTimers();
      return token;
    };
    expect(await send(sign(40))).toBeNull();
    expect(await send(sign(90))).toMatchObject({ code: status.UNAUTHENTICATED });
    expect(await send(sign(-90))).toMatchObject({ code: status.UNAUTHENTICATED });
  });

  it('refuses a client with another secret as a fault that does not pass', async () => {
    const other = clientOf({ secret: 'another-secret-of-some-services-1', tls: undefined });
    await expect(remotePort(contract, other).find('a')).rejects.toMatchObject({ statusCode: 500 });
    other.close();
  });

  it('cannot be left out without certificates', () => {
    expect(() => new RpcServer({ proof: { secret: undefined, tls: undefined }, log, statusOf })).toThrow(
      'BERTH_RPC_SECRET',
    );
    expect(() => clientOf({ secret: undefined, tls: undefined })).toThrow('BERTH_RPC_SECRET');
  });
});

describe('proof by certificates', () => {
  let folder: string;
  const certificate = (name: string) => {
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${name}-authority`,
      '-keyout',
      `${name}-ca.key`,
      '-out',
      `${name}-ca.pem`,
    );
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-CA',
      `${name}-ca.pem`,
      '-CAkey',
      `${name}-ca.key`,
      '-subj',
      `/CN=${name}`,
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-addext',
      'basicConstraints=critical,CA:FALSE',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
    );
    const at = (file: string) => join(folder, file);
    return readProof({
      BERTH_RPC_TLS_CERT: at(`${name}.pem`),
      BERTH_RPC_TLS_KEY: at(`${name}.key`),
      BERTH_RPC_TLS_CA: at(`${name}-ca.pem`),
    }).tls as NonNullable<Proof['tls']>;
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-tls-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('lets in whom the authority knows, and nobody else', async () => {
    const [ours, theirs] = [certificate('ours'), certificate('theirs')];
    await server.close();
    const proof = { secret: undefined, tls: ours };
    port = await start(proof);
    const url = `https://127.0.0.1:${port}`;
    const answerTo = async (tls: typeof ours, at = url, secret?: string) => {
      const other = clientOf({ secret, tls }, at);
      return remotePort(contract, other)
        .find('a')
        .catch((error: { statusCode: number }) => error.statusCode)
        .finally(() => other.close());
    };
    expect(await answerTo(ours)).toBe('A');
    expect(await answerTo(theirs)).toBe(503);
    expect(await answerTo({ ...theirs, ca: ours.ca })).toBe(503);
    expect(await answerTo(ours, `http://127.0.0.1:${port}`, SECRET)).toBe(503);
  });
});
