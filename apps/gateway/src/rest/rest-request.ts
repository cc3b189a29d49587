import type { FastifyRequest } from 'fastify';
import type { TokenHolder } from '#auth';
import type { RepositoryName } from '#oci';
import type { Actor } from '#registry';
import type { Query } from '../http/gateway-request.js';

/** A request under /api/v3 with what the guards found out about it. */
export interface RestRequest extends FastifyRequest<{ Params: Record<string, string>; Querystring: Query }> {
  /** The token's holder; undefined where none came (only `anyone` lets such a request in). */
  user: TokenHolder | undefined;
  /** Set by the access guard for routes that name a package. */
  package: RestPackage;
}

/** A package as one request addresses it, after `authorize()` said yes. */
export interface RestPackage {
  id: number;
  name: RepositoryName;
  actor: Actor;
}
