import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { SigningKeyStore } from '#auth';
import { JwksController } from './jwks.controller.js';

let asked: number;
let isAway: boolean;
const store = {
  publicKeys: async () => {
    asked++;
    if (isAway) throw new Error('the database is away');
    return [{ kid: `key ${asked}` }];
  },
} as unknown as SigningKeyStore;

beforeEach(() => {
  asked = 0;
  isAway = false;
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => void vi.useRealTimers());

it('asks the database once for all who come within two seconds, and again later', async () => {
  const controller = new JwksController(store);
  const answers = await Promise.all(Array.from({ length: 100 }, () => controller.get()));
  expect(new Set(answers.map(({ keys }) => keys[0]?.kid))).toEqual(new Set(['key 1']));
  vi.advanceTimersByTime(1900);
  expect((await controller.get()).keys).toEqual([{ kid: 'key 1' }]);
  vi.advanceTimersByTime(200);
  expect((await controller.get()).keys).toEqual([{ kid: 'key 2' }]);
});

it('does not go on telling of a database that was away', async () => {
  const controller = new JwksController(store);
  isAway = true;
  await expect(controller.get()).rejects.toThrow('away');
  isAway = false;
  expect((await controller.get()).keys).toEqual([{ kid: 'key 2' }]);
});
