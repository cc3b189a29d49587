import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type Digest, fail, parseDigest, parseReference, type Reference } from '#oci';
import type { Actor, Repository, SessionOwner } from '#registry';
import { type GatewayRequest, type Query, single } from '../http/gateway-request.js';

const requestOf = (context: ExecutionContext) => context.switchToHttp().getRequest<GatewayRequest>();

/** The repository that the access guard let the caller into. */
export const RepositoryParam = createParamDecorator(
  (_: unknown, context: ExecutionContext): Repository => requestOf(context).access.repository,
);

/** Who is acting. */
export const ActorParam = createParamDecorator(
  (_: unknown, context: ExecutionContext): Actor => requestOf(context).access.actor,
);

/** `:digest` of the path. Errors: DIGEST_INVALID. */
export const DigestParam = createParamDecorator(
  (_: unknown, context: ExecutionContext): Digest => parseDigest(requestOf(context).params.digest ?? ''),
);

/** `:reference` of the path. Errors: DIGEST_INVALID, MANIFEST_INVALID. */
export const ReferenceParam = createParamDecorator(
  (_: unknown, context: ExecutionContext): Reference => parseReference(requestOf(context).params.reference ?? ''),
);

/** A query parameter, the first of its name. Errors: UNSUPPORTED with status 400 for one that no text column could hold. */
export const QueryParam = createParamDecorator((name: string, context: ExecutionContext): string | undefined => {
  const value = single((requestOf(context).query as Query)[name]);
  return value?.includes('\0') ? fail('UNSUPPORTED', { [name]: 'holds a NUL' }, { status: 400 }) : value;
});

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A session in the hands of this caller. Errors: BLOB_UPLOAD_UNKNOWN. */
export function ownerOf({ packageId }: Repository, actor: Actor, sessionId: string): SessionOwner {
  if (packageId === undefined || !UUID.test(sessionId))
    return fail('BLOB_UPLOAD_UNKNOWN', { upload: sessionId.slice(0, 64) });
  return { sessionId, packageId, principal: actor.principal };
}

/** The upload session of the path, as this caller's. Errors: BLOB_UPLOAD_UNKNOWN. */
export const OwnerParam = createParamDecorator((_: unknown, context: ExecutionContext): SessionOwner => {
  const { access, params } = requestOf(context);
  return ownerOf(access.repository, access.actor, params.session ?? '');
});
