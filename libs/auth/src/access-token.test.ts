import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createAccessToken, hashToken, isPlausibleToken } from './access-token.js';

const FORM = /^berth_pat_[0-9A-Za-z]{38}$/;

describe('a new token', () => {
  it('has the form that secret scanners look for', () => {
    for (let i = 0; i < 1000; i++) expect(createAccessToken()).toMatch(FORM);
  });

  it('is never the same twice', () => {
    expect(new Set(Array.from({ length: 1000 }, createAccessToken)).size).toBe(1000);
  });

  it('uses all 62 characters alike', () => {
    const counts = new Map<string, number>();
    const tokens = 5_000;
    for (let i = 0; i < tokens; i++) {
      for (const character of createAccessToken().slice('berth_pat_'.length, -6)) {
        counts.set(character, (counts.get(character) ?? 0) + 1);
      }
    }
    expect(counts.size).toBe(62);
    const expected = (tokens * 32) / 62;
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 61 degrees of freedom: a fair choice exceeds this once in a million runs; bytes taken modulo 62 give about 700.
    expect(chiSquare).toBeLessThan(129);
  });
});

describe('isPlausibleToken', () => {
  const token = createAccessToken();

  it('takes what createAccessToken made', () => {
    for (let i = 0; i < 100; i++) expect(isPlausibleToken(createAccessToken())).toBe(true);
  });

  it('knows the checksum of a token made earlier', () => {
    expect(isPlausibleToken('berth_pat_0123456789ABCDEFGHIJKLMNOPQRSTUV1ggZdL')).toBe(true);
  });

  it('refuses a token with any one character changed', () => {
    for (let i = 'berth_pat_'.length; i < token.length; i++) {
      const other = token[i] === 'x' ? 'y' : 'x';
      expect(isPlausibleToken(token.slice(0, i) + other + token.slice(i + 1))).toBe(false);
    }
  });

  it('refuses a token with two neighbours swapped', () => {
    for (let i = 'berth_pat_'.length; i < token.length - 1; i++) {
      if (token[i] === token[i + 1]) continue;
      const swapped = token.slice(0, i) + token[i + 1] + token[i] + token.slice(i + 2);
      expect(isPlausibleToken(swapped)).toBe(false);
    }
  });

  it.each(['', 'short', 'nineteen-characters', 'berth_pat_', '\0'])('refuses %j', (text) => {
    expect(isPlausibleToken(text)).toBe(false);
  });

  it.each([
    'an-operators-own-token',
    'berth_pat_of-an-operator',
    'BERTH_PAT_0123456789ABCDEFGHIJKLMNOPQRSTUV000000',
    '🚢🚢🚢🚢🚢🚢🚢🚢🚢🚢',
  ])('takes %s, which an operator may have chosen', (text) => {
    expect(isPlausibleToken(text)).toBe(true);
  });
});

it('keeps the SHA-256 of a token', () => {
  const token = createAccessToken();
  expect(Buffer.from(hashToken(token)).toString('hex')).toBe(createHash('sha256').update(token).digest('hex'));
  expect(hashToken(token)).toHaveLength(32);
});
