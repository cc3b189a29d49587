import type { ExecutionContext } from '@nestjs/common';
import { expect, it } from 'vitest';
import { RegistryError } from '#oci';
import type { CallerLimits } from '../limits/caller-limits.js';
import { LoginGuard } from './credentials.guard.js';

it('a login is counted before anything is looked up for it', async () => {
  const limits = {
    spendToken: async () => {
      throw new RegistryError('TOOMANYREQUESTS');
    },
  } as unknown as CallerLimits;
  const http = { getRequest: () => ({ headers: {} }), getResponse: () => ({ raw: {} }) };
  const context = { switchToHttp: () => http } as unknown as ExecutionContext;
  await expect(new LoginGuard(limits).canActivate(context)).rejects.toMatchObject({ code: 'TOOMANYREQUESTS' });
});
