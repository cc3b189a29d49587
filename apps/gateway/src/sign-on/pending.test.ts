import { expect, it } from 'vitest';
import { pathToReturnTo, readPending, writePending } from './pending.js';

it.each(['/', '/orgs/acme', '/a?b=c&d=%2F#e'])('returns to %s', (path) => expect(pathToReturnTo(path)).toBe(path));

it.each([
  undefined,
  '',
  '//evil.example',
  '/\\evil.example',
  '/a\\b',
  'https:evil.example',
  'https://evil.example/',
  'javascript:alert(1)',
  '/a\r\nSet-Cookie: x',
  '/ä',
  `/${'a'.repeat(1000)}`,
])('returns to the start instead of %j', (path) => expect(pathToReturnTo(path)).toBe('/'));

it('reads what it wrote and nothing else', () => {
  const pending = { state: 's', nonce: 'n', verifier: 'v', returnTo: '/' };
  expect(readPending(writePending(pending))).toEqual(pending);
  for (const text of [undefined, '', '{}', writePending({ ...pending, state: 1 as never })]) {
    expect(readPending(text)).toBeUndefined();
  }
});
