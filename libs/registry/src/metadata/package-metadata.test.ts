import { describe, expect, it } from 'vitest';
import { readMetadata } from './package-metadata.js';

const key = (field: string) => `org.opencontainers.image.${field}`;

it('reads the predefined keys; for each the first who says something counts', () => {
  const annotations = { [key('title')]: 'App', [key('source')]: '', other: 'x' };
  const labels = {
    [key('title')]: 'ignored',
    [key('source')]: 'https://git.example/acme/app',
    [key('version')]: '1.2',
  };
  expect(readMetadata([annotations, labels])).toEqual({
    title: 'App',
    source: 'https://git.example/acme/app',
    version: '1.2',
    truncated: [],
    isSpdx: false,
  });
});

it.each([[{}], [{ other: 'x' }], [{ [key('title')]: 1 }], [{ [key('title')]: null }], [{ [key('title')]: '\0' }]])(
  'has nothing to tell of %j',
  (said) => {
    expect(readMetadata([said])).toBeUndefined();
  },
);

describe('long values', () => {
  it.each([
    ['description', 512],
    ['licenses', 256],
    ['source', 2000],
  ])('of %s are cut at %i characters and named', (field, limit) => {
    const whole = 'x'.repeat(limit);
    expect(readMetadata([{ [key(field)]: whole }])).toMatchObject({ [field]: whole, truncated: [] });
    expect(readMetadata([{ [key(field)]: `${whole}y` }])).toMatchObject({ [field]: whole, truncated: [field] });
  });

  it('are counted in characters, and none is torn', () => {
    const metadata = readMetadata([{ [key('description')]: '🚢'.repeat(600) }]);
    expect(metadata?.description).toBe('🚢'.repeat(512));
    expect(readMetadata([{ [key('title')]: 'a\ud83d' }])?.title).toBe('a\ufffd');
  });
});

it.each([
  ['MIT', true],
  ['(MIT OR Apache-2.0) AND BSD-3-Clause', true],
  ['GPL-2.0-only WITH Classpath-exception-2.0', true],
  ['MIT License', false],
  ['mit', false],
  ['((((', false],
  [`MIT${' AND MIT'.repeat(40)}`, false], // cut in the middle
])('knows whether %s is an SPDX expression', (licenses, isSpdx) => {
  expect(readMetadata([{ [key('licenses')]: licenses }])?.isSpdx).toBe(isSpdx);
});
