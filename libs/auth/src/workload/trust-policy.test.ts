import { describe, expect, it } from 'vitest';
import { matchesGlob, sourceUrlFor } from './trust-policy.js';

describe('matchesGlob', () => {
  it.each([
    ['acme/app', 'acme/app'],
    ['*', ''],
    ['*', 'anything'],
    ['acme/*', 'acme/'],
    ['acme/*', 'acme/app/deep'],
    ['repo:acme/app:ref:refs/heads/*', 'repo:acme/app:ref:refs/heads/main'],
    ['*/app', 'acme/app'],
    ['a*b*c', 'a1b2b3c'],
    ['a**c', 'abc'],
    ['refs/tags/v*.*', 'refs/tags/v1.2'],
  ])('%j takes %j', (pattern, text) => expect(matchesGlob(pattern, text)).toBe(true));

  it.each([
    ['acme/app', 'acme/app2'],
    ['acme/app', 'Acme/app'],
    ['acme/*', 'acme'],
    ['acme/*', 'evil/acme/app'],
    ['a*a', 'a'],
    ['a*b*b', 'ab'],
    ['acme/a?p', 'acme/app'],
    ['acme/[a-z]*', 'acme/app'],
    ['.*', 'anything'],
    ['', 'x'],
  ])('%j does not take %j', (pattern, text) => expect(matchesGlob(pattern, text)).toBe(false));
});

describe('sourceUrlFor', () => {
  const claims = { repository: 'acme/app', odd: 'acme/../other', slash: '/acme', query: 'a?b', list: ['a'] };

  it('puts claims into the address', () => {
    expect(sourceUrlFor('https://github.com/{repository}', claims)).toBe('https://github.com/acme/app');
  });

  it.each(['{missing}', '{odd}', '{slash}', '{query}', '{list}', '{constructor}', '{__proto__}'])(
    'makes none of %s, which could lead elsewhere',
    (claim) => expect(sourceUrlFor(`https://github.com/${claim}`, claims)).toBeUndefined(),
  );
});
