import { expect, it } from 'vitest';
import { isRepositoryName, parseRepositoryName, splitRepositoryName } from './repository-name.js';

it.each([
  'a/b',
  'acme/app/sub',
  'a__b/c',
  'a--b/c',
  'a.b/c_d',
  '0/1',
  'a/blobs',
  'uploads/blobs/uploads',
  'x'.repeat(255),
])('takes %s', (name) => expect(isRepositoryName(name)).toBe(true));

it.each([
  '',
  '/',
  'Upper/Case',
  'a..b/c',
  'a/../b',
  'a//b',
  '/a',
  'a/',
  '-a/b',
  'a-/b',
  '_a',
  'a___b',
  'a.-b',
  'a%2Fb',
  'a\0b',
  'a\r\nb',
  'a b',
  'аlpine',
  'é/b',
  '😀',
  'ａ/b',
  'x'.repeat(256),
])('refuses %j', (name) => {
  expect(() => parseRepositoryName(name)).toThrow(expect.objectContaining({ code: 'NAME_INVALID' }));
});

// With more than linear time the test would not come to its end.
it.each(
  ['a-'.repeat(1e6), `${'a__'.repeat(1e6)}!`, `${'a/'.repeat(1e6)}!`, `${'a-'.repeat(120)}!`].map((name) => [name]),
)('takes linear time on adversarial names (%#)', (name) => {
  expect(isRepositoryName(name)).toBe(false);
});

it('splits the owner off', () => {
  expect(splitRepositoryName(parseRepositoryName('acme/app/sub'))).toEqual({ owner: 'acme', packageName: 'app/sub' });
  expect(splitRepositoryName(parseRepositoryName('alpine'))).toEqual({ owner: 'alpine', packageName: undefined });
});
