import { expect, it } from 'vitest';
import { parseDigest } from './digest.js';
import { parseReference } from './reference.js';

const HEX = 'a'.repeat(64);

it('tells tags from digests', () => {
  expect(parseReference('v1.0_x-y')).toEqual({ kind: 'tag', tag: 'v1.0_x-y' });
  expect(parseReference(`sha256-${HEX}`)).toEqual({ kind: 'tag', tag: `sha256-${HEX}` });
  expect(parseReference(`sha256:${HEX}`)).toEqual({ kind: 'digest', digest: `sha256:${HEX}` });
  expect(parseReference('t'.repeat(128)).kind).toBe('tag');
});

it.each(['.a', '-a', 'a b', 'a+b', 'a/b', '', 't'.repeat(129), 'é'])('refuses %j as a tag', (text) => {
  expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }));
});

it.each([
  `sha256:${HEX.slice(1)}`,
  `sha256:${HEX}a`,
  `sha256:${HEX.toUpperCase()}`,
  `sha256:${'g'.repeat(64)}`,
  `md5:${'a'.repeat(32)}`,
  `sha1:${'a'.repeat(40)}`,
  `sha384:${'a'.repeat(96)}`,
  `sha256+b64:${HEX}`,
  `blake3:${HEX}`,
  'a:b',
  'sha256:../../x',
  ':',
])('refuses %s as a digest', (text) => {
  expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: 'DIGEST_INVALID' }));
});

it('knows sha512', () => {
  expect(parseDigest(`sha512:${'b'.repeat(128)}`)).toBe(`sha512:${'b'.repeat(128)}`);
});
