import { expect, it } from 'vitest';
import { fitted } from './columns.js';

const TABLE = [
  ['ID', 'DIGEST', 'WHY'],
  ['1', `sha256:${'0'.repeat(64)}`, 'no right'],
  ['20', '-', 'token scope missing'],
];

it('gives each column what it needs where nobody says how much room there is', () => {
  expect(fitted(TABLE, undefined)).toEqual([
    `ID  DIGEST${' '.repeat(67)}WHY`,
    `1   sha256:${'0'.repeat(64)}  no right`,
    `20  -${' '.repeat(72)}token scope missing`,
  ]);
});

it('cuts the widest column where the terminal is narrower, and says so', () => {
  const lines = fitted(TABLE, 60);
  expect(Math.max(...lines.map(({ length }) => length))).toBe(60);
  expect(lines[1]).toBe(`1   sha256:${'0'.repeat(27)}…  no right`);
  expect(lines[2]).toContain('token scope missing');
});

it('leaves enough to read, however narrow it is', () => {
  expect(fitted(TABLE, 10)).toEqual([
    'ID  DIGEST        WHY',
    '1   sha256:0000…  no right',
    '20  -             token scope…',
  ]);
});
