import { expect, it } from 'vitest';
import { parseJsonText } from './json-text.js';

it.each<[string, unknown]>([
  ['{"a":[1,"b",null,{"c":true}]}', { a: [1, 'b', null, { c: true }] }],
  ['"\\ud83d\\ude00"', '😀'],
  ['{"__proto__":{"a":1},"b":2}', JSON.parse('{"__proto__":{"a":1},"b":2}')],
])('reads %s', (text, value) => {
  expect(parseJsonText(text)).toEqual({ value });
});

it.each(['"a\\u0000"', '{"a":[{"b":"\\ud83d"}]}', '"\\ude00\\ud83d"', '{"a\\u0000":1}', '{"\\ud800":1}'])(
  'refuses %s, which no column holds',
  (text) => {
    expect(parseJsonText(text)).toEqual({ problem: expect.stringContaining('NUL') });
  },
);

it.each(['', '{', 'nope', '[1,]', '['.repeat(500_000)])('refuses what is not JSON', (text) => {
  expect(parseJsonText(text)).toEqual({ problem: 'it is not JSON' });
});

it('refuses nesting without end', () => {
  const deep = '['.repeat(500_000) + ']'.repeat(500_000);
  expect(parseJsonText(deep)).toHaveProperty('problem');
});
