import { applyDecorators, UseGuards } from '@nestjs/common';
import type { RequestableAction } from '#auth';
import { CredentialsGuard } from '../credentials/credentials.guard.js';
import { AccessGuard } from './access.guard.js';
import { Policy } from './access-policy.js';

/** States what a route under /v2 demands, and guards it. */
export const Access = (policy: RequestableAction | 'known caller') =>
  applyDecorators(Policy(policy), UseGuards(CredentialsGuard, AccessGuard));
