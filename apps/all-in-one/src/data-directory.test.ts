import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DataDirectory, DataDirectoryError } from './data-directory.js';

/** Another process that opens the directory and says `open`, or says why it cannot and exits 1. */
const OPENER = `
  const { DataDirectory } = await import(process.argv[1]);
  try { DataDirectory.open(process.argv[2]); console.log('open'); setInterval(() => {}, 1000); }
  catch (error) { console.log(error.message); process.exit(1); }
`;

let parent: string;
let path: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'berth-data-'));
  path = join(parent, 'data');
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(parent, { recursive: true, force: true });
});

async function openElsewhere(): Promise<{ child: ChildProcess; says: string }> {
  const module = new URL('./data-directory.ts', import.meta.url).href;
  // The transformer does away with the one piece of syntax (a parameter property) that type stripping leaves alone.
  const child = spawn(
    process.execPath,
    ['--experimental-transform-types', '--no-warnings', '--input-type=module', '-e', OPENER, module, path],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  children.push(child);
  const [line] = await once(child.stdout, 'data');
  return { child, says: String(line).trim() };
}

test('makes a folder that only its owner can look into', () => {
  DataDirectory.open(path).close();
  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(readdirSync(path).sort()).toEqual(['berth.lock', 'berth.pid']);
});

test('closes an empty folder to others, and leaves the mode of a folder with other things in it alone', () => {
  mkdirSync(path);
  chmodSync(path, 0o755);
  DataDirectory.open(path).close();
  expect(statSync(path).mode & 0o777).toBe(0o700);

  chmodSync(parent, 0o755);
  writeFileSync(join(parent, 'something'), '');
  DataDirectory.open(parent).close();
  expect(statSync(parent).mode & 0o777).toBe(0o755);
});

test('a second start says who is using the directory', async () => {
  const directory = DataDirectory.open(path);
  const second = await openElsewhere();
  expect(second.says).toContain(`another Berth (pid ${process.pid}) is using this data directory`);
  expect(() => DataDirectory.open(path)).toThrow(DataDirectoryError);
  directory.close();
  DataDirectory.open(path).close();
});

test('the lock of a killed process does not outlive it', async () => {
  const first = await openElsewhere();
  expect(first.says).toBe('open');
  expect(() => DataDirectory.open(path)).toThrow(`another Berth (pid ${first.child.pid})`);
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  DataDirectory.open(path).close();
});

test('of simultaneous starts one wins', async () => {
  const starts = await Promise.all(Array.from({ length: 6 }, openElsewhere));
  const winners = starts.filter(({ says }) => says === 'open');
  expect(winners).toHaveLength(1);
  for (const { says } of starts.filter((start) => start !== winners[0])) {
    expect(says).toContain(`another Berth (pid ${winners[0]?.child.pid})`);
  }
});

test('a folder that cannot be made is an error that names the setting', () => {
  writeFileSync(path, 'a file');
  expect(() => DataDirectory.open(join(path, 'below'))).toThrow(/^BERTH_DATA_DIR .* cannot be used: ENOTDIR/);
});
