import { SetMetadata } from '@nestjs/common';
import type { Action, NamespaceAction } from '#auth';

/**
 * What a route demands: an action on the repository or namespace it names, a token that may read (`list packages`: what the list holds is
 * what the caller may see), that the caller is known, that the caller is an operator, or nothing (routes that judge
 * credentials themselves).
 */
export type AccessPolicy = Action | NamespaceAction | 'list packages' | 'known caller' | 'operator' | 'anyone';

export const ACCESS_POLICY = 'berth:access-policy';

/** States a route's policy. A route without one keeps the gateway from starting (`http/assert-policies.ts`). */
export const Policy = (policy: AccessPolicy) => SetMetadata(ACCESS_POLICY, policy);
