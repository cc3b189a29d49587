import type { FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import { ExternalOrigin } from './external-origin.js';

const PROXY = '10.0.0.1';

/** A request as it comes from `address`. */
const from = (address: string | undefined, headers: Record<string, string | string[]> = {}) =>
  ({
    socket: { remoteAddress: address },
    headers: { host: 'registry.test:5000', ...headers },
  }) as unknown as FastifyRequest;

const FORWARDED = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'public.test' };

describe('the origin that clients see', () => {
  it.each([
    ['registry.test', 'http://registry.test'],
    ['registry.test:5000', 'http://registry.test:5000'],
    ['127.0.0.1:5000', 'http://127.0.0.1:5000'],
    ['[::1]:5000', 'http://[::1]:5000'],
    ['berth', 'http://berth'],
    ['UPPER.test', 'http://UPPER.test'],
    ['my_service:80', 'http://my_service:80'],
  ])('is the Host that the request came with: %s', (host, origin) => {
    expect(new ExternalOrigin(undefined, []).of(from('127.0.0.1', { host }))).toBe(origin);
  });

  it.each([
    '',
    'a b',
    'a"b',
    'a\r\nb',
    'a/b',
    'a@b',
    'a,b',
    'a:port',
    'a:123456',
    ':5000',
    'a:',
    '[::1',
    '-a',
    'a-',
    'é.test',
    'a?b',
    'a#b',
    'x'.repeat(300),
  ])('refuses %j as Host', (host) => {
    expect(() => new ExternalOrigin(undefined, []).of(from('127.0.0.1', { host }))).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', status: 400 }),
    );
  });

  it('is BERTH_PUBLIC_URL where it is set, whatever the request says', () => {
    const origin = new ExternalOrigin('https://registry.example', [PROXY]);
    for (const request of [from('127.0.0.1'), from(PROXY, FORWARDED), from(PROXY, { host: 'a"b' })]) {
      expect(origin.of(request)).toBe('https://registry.example');
    }
  });

  it('believes forwarding headers of a trusted proxy', () => {
    const origin = new ExternalOrigin(undefined, [PROXY]);
    expect(origin.of(from(PROXY, FORWARDED))).toBe('https://public.test');
    expect(origin.of(from(PROXY, { 'x-forwarded-proto': 'https' }))).toBe('https://registry.test:5000');
    expect(origin.of(from(PROXY, { 'x-forwarded-host': 'public.test:444' }))).toBe('http://public.test:444');
    expect(origin.of(from(PROXY, { 'x-forwarded-host': 'public.test, inner.test' }))).toBe('http://public.test');
    expect(origin.of(from(PROXY, { 'x-forwarded-proto': ['https', 'http'] }))).toBe('https://registry.test:5000');
    expect(origin.of(from(PROXY, { 'x-forwarded-proto': '' }))).toBe('http://registry.test:5000');
  });

  it.each(['10.0.0.2', '::1', '::ffff:10.0.0.2', undefined])('ignores those of %s', (address) => {
    expect(new ExternalOrigin(undefined, [PROXY]).of(from(address, FORWARDED))).toBe('http://registry.test:5000');
  });

  it.each([{ 'x-forwarded-host': 'a"b' }, { 'x-forwarded-proto': 'javascript' }, { 'x-forwarded-proto': 'https:' }])(
    'refuses %j even from a trusted proxy',
    (headers) => {
      expect(() => new ExternalOrigin(undefined, [PROXY]).of(from(PROXY, headers))).toThrow(
        expect.objectContaining({ status: 400 }),
      );
    },
  );
});

describe('a trusted proxy', () => {
  it.each<[string[], string]>([
    [['10.0.0.1'], '10.0.0.1'],
    [['10.0.0.1'], '::ffff:10.0.0.1'],
    [['10.0.0.0/8'], '10.200.3.4'],
    [['10.0.0.0/8'], '::ffff:10.200.3.4'],
    [['192.168.0.0/16', '10.0.0.0/8'], '10.1.1.1'],
    [['::1'], '::1'],
    [['fd00::/8'], 'fd12:3456::1'],
    [['FD00::/8'], 'fd12:3456::1'],
    [['fe80::/10'], 'fe80::1%eth0'],
    [['0.0.0.0/0'], '203.0.113.9'],
  ])('%j covers %s', (trusted, address) => {
    expect(new ExternalOrigin(undefined, trusted).of(from(address, FORWARDED))).toBe('https://public.test');
  });

  it.each<[string[], string]>([
    [[], '127.0.0.1'],
    [['10.0.0.0/8'], '11.0.0.1'],
    [['10.0.0.1'], '10.0.0.10'],
    [['fd00::/8'], '::1'],
    [['0.0.0.0/0'], '2001:db8::1'],
    [['10.0.0.0/8'], 'fe80::1%eth0'],
  ])('%j does not cover %s', (trusted, address) => {
    expect(new ExternalOrigin(undefined, trusted).of(from(address, FORWARDED))).toBe('http://registry.test:5000');
  });
});

describe('the address of the client', () => {
  const origin = new ExternalOrigin(undefined, ['10.0.0.0/8', '127.0.0.1']);

  it.each([
    ['203.0.113.9', undefined, '203.0.113.9'],
    ['203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['10.0.0.1', '198.51.100.1, 10.0.0.2', '198.51.100.1'],
    ['10.0.0.1', '6.6.6.6, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
    ['10.0.0.1', '198.51.100.1,10.0.0.2', '198.51.100.1'],
    ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['10.0.0.1', 'unknown', '10.0.0.1'],
    ['10.0.0.1', '198.51.100.1, unknown', '10.0.0.1'],
    ['10.0.0.1', '', '10.0.0.1'],
    ['10.0.0.1', '2001:db8::7', '2001:db8::7'],
    ['::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['fe80::1%eth0', '198.51.100.1', 'fe80::1%eth0'],
  ])('that comes from %s with %j is %s', (address, forwarded, client) => {
    const headers: Record<string, string> = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
    expect(origin.clientAddress(from(address, headers))).toBe(client);
  });

  it('reads a header that stands several times as one', () => {
    const headers = { 'x-forwarded-for': ['198.51.100.1', '10.0.0.2'] };
    expect(origin.clientAddress(from('10.0.0.1', headers))).toBe('198.51.100.1');
  });

  it('is empty for a connection that is gone', () => {
    expect(origin.clientAddress(from(undefined))).toBe('');
  });
});
