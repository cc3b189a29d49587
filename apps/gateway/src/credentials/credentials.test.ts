import { describe, expect, it } from 'vitest';
import { parseBasic, parseBearer, principalOf } from './credentials.js';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('parseBasic', () => {
  it.each([
    ['admin:secret', 'admin', 'secret'],
    ['admin:', 'admin', ''],
    ['admin:se:cr:et', 'admin', 'se:cr:et'],
    ['admin: ', 'admin', ' '],
    ['a b:c', 'a b', 'c'],
    ['ädmin:passwört 🚢', 'ädmin', 'passwört 🚢'],
    [`x:${'p'.repeat(4000)}`, 'x', 'p'.repeat(4000)],
  ])('reads %.20j', (text, username, password) => {
    expect(parseBasic(basic(text))).toEqual({ username, password });
  });

  it.each(['basic', 'BASIC', 'bAsIc'])('takes the scheme as %s', (scheme) => {
    expect(parseBasic(basic('a:b').replace('Basic', scheme))).toEqual({ username: 'a', password: 'b' });
  });

  it.each([
    undefined,
    '',
    'Basic',
    'Basic ',
    'Basic  YTpi',
    'Basic YTpi ',
    'Basic YTpi YTpi',
    'Basic\tYTpi',
    ' Basic YTpi',
    'BasicYTpi',
    'Basics YTpi',
    'Bearer YTpi',
    'Basic !!!!',
    'Basic YTp_',
    'Basic YTpi=x',
    'Basic ====',
    'Basic YTpi===',
    'Basic YTpi,Basic YTpi',
    basic('no-colon'),
    basic(':password-only'),
    basic('a\0:b'),
    basic('a:b\0'),
  ])('refuses %j', (header) => {
    expect(parseBasic(header)).toBeUndefined();
  });
});

describe('parseBearer', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER a.b.c', 'a.b.c'],
    ['Bearer ', ''],
  ])('reads %j', (header, token) => {
    expect(parseBearer(header)).toBe(token);
  });

  it.each([undefined, '', 'Bearer', 'Bearerabc', 'Basic abc', 'Token abc', ' Bearer abc'])('refuses %j', (header) => {
    expect(parseBearer(header)).toBeUndefined();
  });
});

it('makes a principal of a token, without its scopes', () => {
  const holder = { userId: 1, tokenId: 2, login: 'a', scopes: ['admin:registry' as const] };
  expect(principalOf(holder)).toEqual({ kind: 'user', userId: 1, tokenId: 2 });
});
