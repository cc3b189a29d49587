import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ExecutionContext } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { expect, it } from 'vitest';
import { AuthorizationStrategy } from './authorization.strategy.js';
import { PassportGuard } from './passport.guard.js';

class AnybodyStrategy extends PassportStrategy(AuthorizationStrategy, 'anybody') {
  constructor() {
    super((header: string | undefined) => header);
  }

  validate(header: string): object | false {
    if (header === 'breaks') throw new Error('the database is away');
    return header === 'somebody' && { name: header };
  }
}

new AnybodyStrategy();
const guard = new (PassportGuard('anybody'))();

const contextOf = (request: object) =>
  ({ switchToHttp: () => ({ getRequest: () => request, getResponse: () => ({}) }) }) as unknown as ExecutionContext;

async function ask(authorization?: string): Promise<unknown> {
  const request = { headers: { authorization }, user: undefined, bytes: new Array(2000).fill(0) };
  await guard.canActivate(contextOf(request));
  return request.user;
}

it('tells who asks, and how it went', async () => {
  expect(await ask('somebody')).toEqual({ name: 'somebody' });
  await expect(ask('nobody')).rejects.toThrow('Unauthorized');
  await expect(ask()).rejects.toThrow('Unauthorized');
  await expect(ask('breaks')).rejects.toThrow('the database is away');
});

it('says which strategy is missing', async () => {
  const missing = new (PassportGuard('unheard-of'))();
  await expect(missing.canActivate(contextOf({ headers: {} }))).rejects.toThrow("no strategy 'unheard-of'");
});

it('leaves nothing of a request among the old objects', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void;
  const oldBytes = () =>
    getHeapSpaceStatistics().find((space) => space.space_name === 'old_space')?.space_used_size ?? 0;
  const askMany = async () => {
    for (let n = 1; n <= 1000; n++) {
      await ask('somebody');
      if (n % 50 === 0) collect({ type: 'minor' });
    }
  };
  await askMany();
  const before = oldBytes();
  await askMany();
  // 16 KB each: 16 MB if they stay until a full collection.
  expect(oldBytes() - before).toBeLessThan(2 * 1024 * 1024);
});
