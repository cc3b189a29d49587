import { expect, it } from 'vitest';
import { parseByteRange } from './byte-range.js';
import { parseContentRange } from './content-range.js';

it.each([
  ['bytes=0-4', { start: 0, end: 4 }],
  ['bytes=5-', { start: 5, end: 9 }],
  ['bytes=-3', { start: 7, end: 9 }],
  ['bytes=-30', { start: 0, end: 9 }],
  ['bytes=8-100', { start: 8, end: 9 }],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=5-2', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=0-0,0-0', undefined],
  ['items=0-1', undefined],
  ['bytes=-', undefined],
  ['bytes=a-b', undefined],
  [undefined, undefined],
])('reads Range %j of ten bytes', (header, expected) => {
  expect(parseByteRange(header, 10)).toEqual(expected);
});

it('finds no satisfiable range in nothing', () => {
  expect(parseByteRange('bytes=0-0', 0)).toBe('unsatisfiable');
});

it('reads a Content-Range as the specification writes it', () => {
  expect(parseContentRange('0-9')).toEqual({ start: 0, end: 9 });
});

it.each(['bytes 0-9/10', '9-0', '0-', '-5', 'a-b', '0-99999999999999999999', '+0-9', '0x0-0x9', ' 0-9'])(
  'refuses Content-Range %j',
  (text) => {
    expect(() => parseContentRange(text)).toThrow(expect.objectContaining({ code: 'BLOB_UPLOAD_INVALID' }));
  },
);
