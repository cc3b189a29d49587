import { mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BoundedLog } from './bounded-log.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-log-'));
  path = join(folder, 'a.log');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a log that grew too long is moved aside at the start and while it is written', async () => {
  writeFileSync(path, 'from the last run\n');
  const log = new BoundedLog(path, 10, 5);
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('from the last run\n');
  writeSync(log.fd, 'the first lines\n');
  await vi.waitFor(() => expect(readFileSync(path, 'utf8')).toBe(''), 30_000);
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('the first lines\n');
  writeSync(log.fd, 'more\n');
  expect(readFileSync(path, 'utf8')).toBe('more\n');
  log.close();
});

test('the tail is whole lines', () => {
  const log = new BoundedLog(path);
  writeSync(log.fd, 'one\ntwo\nthree\n');
  expect(log.tail(11)).toBe('two\nthree');
  expect(log.tail()).toBe('one\ntwo\nthree');
  log.close();
});
