import { mkdtemp, readdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { FilesystemObjectStore } from './filesystem-object-store.js';

let parent: string;
let store: FilesystemObjectStore;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'berth-objects-'));
  store = await FilesystemObjectStore.open(join(parent, 'root'));
});

it.each([
  '..',
  '../../sentinel',
  'a/../../../sentinel',
  '/etc/passwd',
  'ab\0cdefgh',
  'CON',
  '',
  'x'.repeat(4096),
  '%2e%2e%2f',
])('refuses to leave its root by the key %j', async (key) => {
  await writeFile(join(parent, 'sentinel'), 'untouched');
  await expect(store.put(key, [Buffer.from('x')])).rejects.toThrow();
  await expect(store.read(key)).rejects.toThrow();
  await expect(store.writePart('whatever', key, { number: 1, offset: 0 }, [])).rejects.toThrow();
  expect(await readdir(parent)).toEqual(['root', 'sentinel']);
  expect((await stat(join(parent, 'sentinel'))).size).toBe(9);
});

it('keeps its folders to itself and drops half-written objects when it opens', async () => {
  await writeFile(join(parent, 'root/temporary/half'), 'half');
  await FilesystemObjectStore.open(join(parent, 'root'));
  expect(await readdir(join(parent, 'root/temporary'))).toEqual([]);
  expect((await stat(join(parent, 'root/objects'))).mode & 0o777).toBe(0o700);
});
