import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { TokenHolder } from '#auth';
import type { RepositoryName } from '#oci';
import type { Actor } from '#registry';
import type { Query } from '../http/gateway-request.js';
import { notFound } from './rest-refusal.js';

/** A request under /api/v3 with what the guards found out about it. */
export interface RestRequest extends FastifyRequest<{ Params: Record<string, string>; Querystring: Query }> {
  /** The token's holder; undefined where none came (only `anyone` lets such a request in). */
  user: TokenHolder | undefined;
  /** Set by the access guard for routes that name a package. */
  package: RestPackage;
  /** Set by the access guard for routes that demand something of a namespace. */
  namespace: RestNamespace;
}

/** A namespace as one request addresses it, after `authorize()` said yes. */
export interface RestNamespace {
  id: number;
  kind: 'user' | 'organisation';
  /** In lower case. */
  path: string;
  actor: Actor;
}

/** A package as one request addresses it, after `authorize()` said yes. */
export interface RestPackage {
  id: number;
  name: RepositoryName;
  actor: Actor;
}

const requestOf = (context: ExecutionContext) => context.switchToHttp().getRequest<RestRequest>();

/** The package that the access guard let the caller into. */
export const PackageParam = createParamDecorator((_: unknown, context: ExecutionContext): RestPackage => {
  return requestOf(context).package;
});

/** Who is asking; only behind a policy that demands to know. */
export const HolderParam = createParamDecorator((_: unknown, context: ExecutionContext): TokenHolder => {
  const { user } = requestOf(context);
  if (!user) throw new Error('this route admits nobody without a token');
  return user;
});

/** `:package_version_id` of the path, a whole number of 32 bits. Errors: RestRefusal 404. */
export const VersionIdParam = createParamDecorator((_: unknown, context: ExecutionContext): number => {
  const text = requestOf(context).params.package_version_id ?? '';
  return /^[0-9]{1,10}$/.test(text) && Number(text) < 2 ** 31 ? Number(text) : notFound();
});
