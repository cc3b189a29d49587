import type { Actor } from '#registry';
import type { TrustPolicy } from './trust-policy.js';

/** A policy as its author writes it. */
export interface NewTrustPolicy
  extends Pick<TrustPolicy, 'name' | 'issuer' | 'audience' | 'conditions' | 'countsPulls'> {
  /** URL of a source of the namespace, or one with `{claim}` in it. */
  source: string;
}

/** Trust policies of sources and organisations. Changes are audited in their own transaction and act at once. */
export abstract class TrustPolicyStore {
  /**
   * Policies that name this issuer, 1,000 at most, by id, from `after` on; where `namespaces` (paths) are named, theirs only.
   */
  abstract findByIssuer(issuer: string, namespaces: readonly string[], after: number): Promise<TrustPolicy[]>;

  /** The source of this URL in a namespace; undefined when there is none. */
  abstract findSource(namespaceId: number, url: string): Promise<number | undefined>;

  /** Policies of a namespace (by its path) by id, from `after` on; undefined when there is no such namespace. */
  abstract list(namespace: string, limit: number, after: number): Promise<TrustPolicy[] | undefined>;

  /** The new policy; `full` for a namespace that has 1,000; undefined when there is no such namespace or no such source. */
  abstract create(namespace: string, policy: NewTrustPolicy, actor: Actor): Promise<TrustPolicy | 'full' | undefined>;

  /** Ends a policy, and what came in by it, at once. False when the namespace has no such policy. */
  abstract remove(namespace: string, policyId: number, actor: Actor): Promise<boolean>;
}
