import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { RegistryError } from '#oci';
import { LIMITS, type Limited, networkOf, RateLimits } from './rate-limits.js';

const open: RateLimits[] = [];
const limits = (isOn = true, redis?: string): RateLimits => {
  const made = new RateLimits(isOn, redis);
  open.push(made);
  return made;
};
afterEach(() => {
  for (const each of open.splice(0)) each.onModuleDestroy();
});

/** Spends until one is refused; answers how many were not, and the refusal. */
async function spendAll(limited: Limited, caller: string, from: RateLimits[]): Promise<[number, RegistryError]> {
  for (let spent = 0; ; spent++) {
    try {
      await from[spent % from.length]?.spend(limited, caller);
    } catch (error) {
      return [spent, error as RegistryError];
    }
  }
}

describe('in memory', () => {
  it('refuses the one too many, with when to come back, and nobody else', async () => {
    const own = limits();
    const [spent, refusal] = await spendAll('failed logins', 'a', [own]);
    expect(spent).toBe(LIMITS['failed logins']);
    expect(refusal).toBeInstanceOf(RegistryError);
    expect(refusal).toMatchObject({ code: 'TOOMANYREQUESTS', status: 429 });
    expect(refusal.headers).toMatchObject({
      'ratelimit-limit': '60',
      'ratelimit-remaining': '0',
      'ratelimit-policy': '60;w=60',
    });
    expect(Number(refusal.headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(refusal.headers['retry-after'])).toBeLessThanOrEqual(60);
    await own.spend('failed logins', 'b');
    await own.spend('writes', 'a');
  });

  it('counts nothing when switched off', async () => {
    const off = limits(false);
    for (let i = 0; i < 100; i++) await off.spend('failed logins', 'a');
  });
});

describe.skipIf(spawnSync('redis-server', ['--version']).status !== 0)('in Redis', () => {
  let server: ChildProcess;
  let folder: string;
  const start = async () => {
    folder = await mkdtemp(join(tmpdir(), 'redis-'));
    server = spawn('redis-server', ['--port', '0', '--unixsocket', `${folder}/s`, '--save', '', '--dir', folder], {
      stdio: 'pipe',
    });
    for await (const chunk of server.stdout ?? []) if (String(chunk).includes('ready to accept')) break;
    server.stdout?.resume();
    return `${folder}/s`;
  };
  const stop = async () => {
    if (server.exitCode === null && server.signalCode === null) {
      const gone = once(server, 'exit');
      server.kill('SIGKILL');
      await gone;
    }
    await rm(folder, { recursive: true, force: true });
  };

  it('replicas count together, and each by itself while Redis is away', async () => {
    const path = await start();
    try {
      const replicas = [limits(true, path), limits(true, path)];
      // A client refuses commands until it is connected: those are counted in memory.
      for (const replica of replicas) {
        await expect
          .poll(async () => (replica as unknown as { redis: { status: string } }).redis.status, { timeout: 30_000 })
          .toBe('ready');
      }
      const [spent] = await spendAll('failed logins', 'a', replicas);
      expect(spent).toBe(LIMITS['failed logins']);
      await stop();
      await replicas[0]?.spend('failed logins', 'a');
      await replicas[1]?.spend('failed logins', 'a');
    } finally {
      await stop();
    }
  });
});

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
  ['2001:db8:1:2:ffff::1', '2001:db8:1:2::'],
  ['', ''],
])('takes %s for %s', (address, network) => expect(networkOf(address)).toBe(network));

it('docs/limits.md names every limit with its number', () => {
  const document = readFileSync(new URL('../../../../docs/limits.md', import.meta.url), 'utf8');
  const rows = [...document.matchAll(/^\| ([a-z ]+) \| ([0-9,]+) \|/gm)].map(([, name, n]) => [
    name,
    Number(n?.replace(',', '')),
  ]);
  expect(rows).toEqual(Object.entries(LIMITS));
});
