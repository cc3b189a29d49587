import { expect, it } from 'vitest';
import { readCursor, writeCursor } from './preview-cursor.js';

it('carries where a preview goes on', () => {
  const place = { pushedAt: 1_800_000_000_123_456, versionId: 2 ** 31 - 1, name: 'v1.0-rc_1' };
  const { name: _, ...versionPlace } = place;
  for (const judged of [
    undefined,
    { place, counts: [] },
    { place, counts: [0, 999, versionPlace] },
    { place: { ...place, name: 'a'.repeat(128) }, counts: Array.from({ length: 20 }, () => versionPlace) },
  ]) {
    const at = { fingerprint: 'abcDEF_-1234', packageId: 7, judged };
    const text = writeCursor(at);
    expect(text).toMatch(/^[\w-]+$/);
    expect(text.length).toBeLessThan(1500);
    expect(readCursor(text)).toEqual(at);
  }
});

it('takes what is none for the beginning', () => {
  const made = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  for (const text of [
    '',
    'x',
    '1.1.a',
    made({}),
    made([]),
    made(['f']),
    made(['f', 0]),
    made(['f', 1.5]),
    made(['f', 2 ** 31]),
    made(['f', 1, []]),
    made(['f', 1, [9e15, 1, 'a', []]]),
    made(['f', 1, [1, 1, 'a/b', []]]),
    made(['f', 1, [1, 1, 'a', [-1]]]),
    made(['f', 1, [1, 1, 'a', [[1]]]]),
    made(['f', 1, [1, 1, 'a', Array.from({ length: 21 }, () => 0)]]),
  ]) {
    expect(readCursor(text), text).toBeUndefined();
  }
});
