import { describe, expect, it } from 'vitest';
import { parseRepositoryName } from '#oci';
import { parseScopes, scopeFor } from './scope.js';

const entry = (name: string, ...actions: string[]) => ({ type: 'repository', name, actions });

describe('parseScopes', () => {
  it.each([
    ['repository:acme/app:pull', [entry('acme/app', 'pull')]],
    ['repository:acme/app:pull,push,delete', [entry('acme/app', 'pull', 'push', 'delete')]],
    ['repository:acme/app:push,pull', [entry('acme/app', 'push', 'pull')]],
    ['repository:acme/app:pull,pull', [entry('acme/app', 'pull')]],
    ['repository:acme/a/b/c:pull', [entry('acme/a/b/c', 'pull')]],
    ['repository:acme/app:pull repository:other/app:pull', [entry('acme/app', 'pull'), entry('other/app', 'pull')]],
    ['repository:app:pull', [entry('app', 'pull')]],
  ])('reads %s', (text, entries) => {
    expect(parseScopes([text])).toEqual(entries);
  });

  it('joins what is said of one repository in several places', () => {
    const texts = ['repository:acme/app:pull repository:other/app:pull', 'repository:acme/app:push'];
    expect(parseScopes(texts)).toEqual([entry('acme/app', 'pull', 'push'), entry('other/app', 'pull')]);
  });

  it.each([
    'repository:acme/app:*',
    'repository:acme/app:pull*',
    'repository:acme/app:PULL',
    'repository:acme/app:administer',
    'repository:acme/app:',
    'repository:acme/app',
    'repository:acme/app:pull:push',
    'repository:acme/*:pull',
    'repository:*:pull',
    'repository:acme%2Fapp:pull',
    'repository:acme/app%2Fx:pull',
    'repository:Acme/App:pull',
    'repository:acme/../other:pull',
    'repository:acme//app:pull',
    'repository::pull',
    'repository(plugin):acme/app:pull',
    'registry:catalog:*',
    'Repository:acme/app:pull',
    ':acme/app:pull',
    '',
    ' ',
    ':::',
    `repository:${'x'.repeat(256)}:pull`,
    'repository:acme/app\n:pull',
    'repository:localhost:5000/acme/app:pull',
  ])('grants nothing for %j', (text) => {
    expect(parseScopes([text]).flatMap(({ actions }) => actions)).toEqual([]);
  });

  it('leaves the wildcard out and takes what stands beside it', () => {
    expect(parseScopes(['repository:acme/app:pull,*'])).toEqual([entry('acme/app', 'pull')]);
  });

  it('looks at 100 scopes of 500, in one text or in many', () => {
    const many = Array.from({ length: 500 }, (_, i) => `repository:acme/app${i}:pull`);
    for (const texts of [many, [many.join(' ')]]) {
      const entries = parseScopes(texts);
      expect(entries).toHaveLength(100);
      expect(entries.at(-1)).toEqual(entry('acme/app99', 'pull'));
    }
  });

  it('is not slowed down by what cannot be a scope', () => {
    // With more than linear time the test would not come to its end.
    parseScopes([`repository:${'a-'.repeat(1e6)}:${'pull,'.repeat(1e6)}`, ':'.repeat(1e6)]);
  });
});

it('asks for pull beside what changes', () => {
  const name = parseRepositoryName('acme/app');
  expect(scopeFor(name, 'pull')).toBe('repository:acme/app:pull');
  expect(scopeFor(name, 'push')).toBe('repository:acme/app:pull,push');
  expect(scopeFor(name, 'delete')).toBe('repository:acme/app:pull,delete');
});
