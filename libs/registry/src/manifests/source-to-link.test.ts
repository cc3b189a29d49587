import { describe, expect, it } from 'vitest';
import { baseImageOf, sourceToLink } from './source-to-link.js';

const SOURCE = 'org.opencontainers.image.source';
const BASE = 'org.opencontainers.image.base.';
const URL = 'https://git.example/acme/app';

describe('sourceToLink', () => {
  it.each([
    [[{ [SOURCE]: URL }], URL],
    [[{ [SOURCE]: `${URL}.git` }], URL],
    [[undefined, { [SOURCE]: URL }], URL],
    [[{ [SOURCE]: '' }, { [SOURCE]: URL }], URL],
    [[{ [SOURCE]: 'https://git.example/acme/first' }, { [SOURCE]: URL }], 'https://git.example/acme/first'],
    [[{ [SOURCE]: URL, [`${BASE}name`]: 'git.example/acme/app:1' }], URL],
    [[{ [SOURCE]: URL, [`${BASE}source`]: `${URL}.git` }], undefined],
    [[{ [`${BASE}source`]: URL }, { [SOURCE]: URL }], undefined],
    [[{ [SOURCE]: 'no url' }], undefined],
    [[{ [SOURCE]: 7 }], undefined],
    [[undefined], undefined],
    [[], undefined],
  ])('of %j is %s', (saying, url) => {
    expect(sourceToLink(...saying)).toBe(url);
  });
});

describe('baseImageOf', () => {
  it.each([
    ['registry.example/acme/base:1', 'acme/base'],
    ['registry.example:5000/acme/base', 'acme/base'],
    ['localhost/acme/base:1', 'acme/base'],
    ['acme/base:1', 'acme/base'],
    ['registry.example/acme/base:1@sha256:00', 'acme/base'],
    ['debian', 'debian'],
  ])('reads %s', (name, repository) => {
    const saying = { [`${BASE}name`]: name, [`${BASE}digest`]: 'sha256:11' };
    expect(baseImageOf(saying)).toEqual({ name: repository, digest: 'sha256:11' });
  });

  it('needs both', () => {
    expect(baseImageOf({ [`${BASE}name`]: 'a/b' })).toBeUndefined();
    expect(baseImageOf({ [`${BASE}digest`]: 'sha256:11' }, undefined)).toBeUndefined();
  });
});
