import type { Actor } from '#registry';
import type { TrustPolicy } from './trust-policy.js';

/** A policy as its author writes it. */
export type NewTrustPolicy = Pick<TrustPolicy, 'name' | 'issuer' | 'audience' | 'conditions' | 'countsPulls'> &
  ({ sourceId: number; sourceUrl: undefined } | { sourceId: undefined; sourceUrl: string });

/** Trust policies of sources and organisations. Changes are audited in their own transaction and act at once. */
export abstract class TrustPolicyStore {
  /** All policies that name this issuer, the first 1,000 by id. */
  abstract findByIssuer(issuer: string): Promise<TrustPolicy[]>;

  /** The source of this URL in a namespace; undefined when there is none. */
  abstract findSource(namespaceId: number, url: string): Promise<number | undefined>;

  /** Policies of a namespace by id, from `after` on. */
  abstract list(namespaceId: number, limit: number, after: number): Promise<TrustPolicy[]>;

  /** The new policy's id. Undefined when the source is not the namespace's, or the namespace has 1,000 policies. */
  abstract create(namespaceId: number, policy: NewTrustPolicy, actor: Actor): Promise<number | undefined>;

  /** Ends a policy, and what came in by it, at once. False when the namespace has no such policy. */
  abstract remove(namespaceId: number, policyId: number, actor: Actor): Promise<boolean>;
}
