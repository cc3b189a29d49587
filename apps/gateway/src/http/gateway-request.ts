import type { FastifyRequest } from 'fastify';
import type { Actor, Repository } from '#registry';
import type { Credentials, REJECTED } from '../credentials/credentials.js';

/** A request with what the guards found out about it. */
export interface GatewayRequest extends FastifyRequest<{ Params: Record<string, string>; Querystring: Query }> {
  user: Credentials | typeof REJECTED;
  /** Set by the access guard. */
  access: RequestAccess;
}

export interface RequestAccess {
  repository: Repository;
  actor: Actor;
}

export type Query = Record<string, string | string[] | undefined>;

/** A query parameter that counts once: of several the first, as Go's clients and servers read it. */
export function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
