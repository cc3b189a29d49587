// C06: Location and realm through a port map, a service name, an IPv6 address and proxies.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import {
  type Accounts,
  createAccounts,
  E,
  encode,
  image,
  OCI_MANIFEST,
  randomBlob,
  sha256,
} from '../support/client.js';
import { ask } from '../support/raw.js';

let berth: TestBerth;
let accounts: Accounts;

beforeAll(async () => {
  berth = await startBerth();
  accounts = await createAccounts(berth);
});

afterAll(async () => {
  await berth.stop();
});

const realmOf = async (server: { port: number; host: string }, headers: Record<string, string> = {}, host?: string) => {
  const answer = await ask(server, { path: '/v2/', headers, ...(host && { host }) });
  expect(answer.status).toBe(401);
  return /realm="([^"]*)"/.exec(answer.headers['www-authenticate'] ?? '')?.[1];
};

describe('through a port map', () => {
  let map: Server;
  let mapped: string;

  beforeAll(async () => {
    map = createServer((client) => {
      const inner = connect(berth.port, '127.0.0.1');
      client.pipe(inner).pipe(client);
      for (const socket of [client, inner]) socket.on('error', () => undefined);
    });
    await once(map.listen(0, '127.0.0.1'), 'listening');
    mapped = `http://127.0.0.1:${(map.address() as AddressInfo).port}`;
  });

  afterAll(() => {
    map.close();
  });

  /** A request that a client makes of a Location, resolved against the URL it came from. */
  const request = async (url: string, method: string, body?: Uint8Array, headers: Record<string, string> = {}) =>
    fetch(url, {
      method,
      redirect: 'manual',
      headers: { authorization: `Bearer ${await accounts.pusher.bearer('repository:acme/app:pull,push')}`, ...headers },
      ...(body && { body }),
    });
  const locationOf = (answer: Response): string => {
    const url = new URL(answer.headers.get('location') ?? '', answer.url);
    expect(url.origin).toBe(mapped);
    return url.href;
  };

  it.each([
    ['?digest', (url: string, digest: string) => `${url}?digest=${digest}`],
    [
      '&digest where a query is',
      (url: string, digest: string) => `${url}${url.includes('?') ? '&' : '?'}digest=${digest}`,
    ],
    [
      'a query built by URL',
      (url: string, digest: string) => {
        const built = new URL(url);
        built.searchParams.set('digest', digest);
        return built.href;
      },
    ],
  ])('uploads with %s', async (_, withDigest) => {
    const bytes = randomBlob();
    const opened = await request(`${mapped}/v2/acme/app/blobs/uploads/`, 'POST');
    expect(opened.status).toBe(202);
    const location = opened.headers.get('location') ?? '';
    expect(location).toMatch(/^\/v2\/[^?]*$/);
    const patched = await request(locationOf(opened), 'PATCH', bytes);
    expect(patched.status).toBe(202);
    const put = await request(withDigest(locationOf(patched), sha256(bytes)), 'PUT');
    expect(put.status).toBe(201);
    const read = await request(locationOf(put), 'GET');
    expect(Buffer.from(await read.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it('names a manifest at the same address', async () => {
    await accounts.pusher.up('acme/app', E);
    const put = await request(`${mapped}/v2/acme/app/manifests/1`, 'PUT', encode(image([])), {
      'content-type': OCI_MANIFEST,
    });
    expect(put.status).toBe(201);
    expect((await request(locationOf(put), 'GET')).status).toBe(200);
  });

  it('sends for a token to the same address', async () => {
    const answer = await fetch(`${mapped}/v2/`);
    expect(answer.headers.get('www-authenticate')).toContain(`realm="${mapped}/token"`);
  });
});

it('names the realm by the service name that the client used', async () => {
  expect(await realmOf(berth, {}, 'registry:5000')).toBe('http://registry:5000/token');
  expect(await realmOf(berth, {}, 'registry.acme.svc.cluster.local')).toBe(
    'http://registry.acme.svc.cluster.local/token',
  );
});

const HAS_IPV6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);

it.skipIf(!HAS_IPV6)('serves on an IPv6 address, and names it', async () => {
  const six = await startBerth({ BERTH_LISTEN: '[::1]:0' });
  try {
    expect(six.host).toBe(`[::1]:${six.port}`);
    const { pusher } = await createAccounts(six);
    const answer = await fetch(`${six.url}/v2/`);
    expect(answer.headers.get('www-authenticate')).toContain(`realm="http://[::1]:${six.port}/token"`);
    await pusher.push('acme/app', '1');
    expect((await pusher.v2('/v2/acme/app/manifests/1')).status).toBe(200);
  } finally {
    await six.stop();
  }
});

describe('behind a proxy', () => {
  const FORWARDED = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'registry.example.com' };

  it('believes one that the operator trusts', async () => {
    const trusting = await startBerth({ BERTH_TRUSTED_PROXIES: '127.0.0.0/8' });
    try {
      expect(await realmOf(trusting, FORWARDED)).toBe('https://registry.example.com/token');
      expect(await realmOf(trusting, { 'X-Forwarded-Proto': 'https' }, 'r.example')).toBe('https://r.example/token');
    } finally {
      await trusting.stop();
    }
  });

  it('believes nobody else', async () => {
    expect(await realmOf(berth, FORWARDED)).toBe(`http://${berth.host}/token`);
    const other = await startBerth({ BERTH_TRUSTED_PROXIES: '10.0.0.0/8' });
    try {
      expect(await realmOf(other, FORWARDED)).toBe(`http://${other.host}/token`);
    } finally {
      await other.stop();
    }
  });

  it('names BERTH_PUBLIC_URL whatever came in', async () => {
    const named = await startBerth({ BERTH_PUBLIC_URL: 'https://registry.example.com' });
    try {
      expect(await realmOf(named, { 'X-Forwarded-Host': 'evil.example' }, 'evil.example')).toBe(
        'https://registry.example.com/token',
      );
      const { pusher } = await createAccounts(named);
      expect(await pusher.start('acme/app')).toMatch(/^\/v2\//);
    } finally {
      await named.stop();
    }
  });
});
