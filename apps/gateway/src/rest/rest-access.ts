import { applyDecorators, SetMetadata, UseGuards } from '@nestjs/common';
import type { Action, NamespaceAction } from '#auth';
import { Policy } from '../v2/access-policy.js';
import { RestAccessGuard } from './rest-access.guard.js';
import { RestCredentialsGuard } from './rest-credentials.guard.js';
import { OF_DELETED_PACKAGE } from './rest-policy.js';

/**
 * States what a route under /api/v3 demands, and guards it: an action on the package that the path names (`:org` or
 * `:username`, or the caller on `user/` routes, and `:package_name`), one on the namespace that it names (`look`, `govern`), a
 * token that may read (`list packages`), a known caller, or nothing.
 */
export const RestAccess = (policy: Action | NamespaceAction | 'list packages' | 'known caller' | 'anyone') =>
  applyDecorators(Policy(policy), UseGuards(RestCredentialsGuard, RestAccessGuard));

/** The package is the one that was deleted last under the name. */
export const OfDeletedPackage = () => SetMetadata(OF_DELETED_PACKAGE, true);
