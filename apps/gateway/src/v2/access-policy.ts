import { SetMetadata } from '@nestjs/common';
import type { RequestableAction } from '#auth';

/**
 * What a route demands: an action on the repository it names, that the caller is known, that the caller is an operator, or
 * nothing (routes that judge credentials themselves).
 */
export type AccessPolicy = RequestableAction | 'known caller' | 'operator' | 'anyone';

export const ACCESS_POLICY = 'berth:access-policy';

/** States a route's policy. A route without one keeps the gateway from starting (`http/assert-policies.ts`). */
export const Policy = (policy: AccessPolicy) => SetMetadata(ACCESS_POLICY, policy);
