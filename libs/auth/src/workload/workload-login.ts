import { parseSourceUrl } from '#registry';
import type { WorkflowPrincipal } from '../principal.js';
import { issuerOf, verifyIdentityToken } from './identity-token.js';
import type { IssuerKeys } from './issuer-keys.js';
import { type Claims, fits, sourceUrlFor, type TrustPolicy } from './trust-policy.js';
import type { TrustPolicyStore } from './trust-policy-store.js';

/** A workflow that proved what it is. */
export interface WorkloadIdentity {
  principal: WorkflowPrincipal;
  /** End of the OIDC token, in seconds since 1970: no bearer token made from it lives much longer. */
  expiresAt: number;
}

/** Subjects longer than this are cut: they are for people to read. */
const MAX_SUBJECT_LENGTH = 255;

/** Takes the OIDC token of a workflow for what trust policies make of it. */
export class WorkloadLogin {
  constructor(
    private readonly policies: TrustPolicyStore,
    private readonly keys: IssuerKeys,
  ) {}

  /**
   * The workflow; `untrusted` when the token is genuine and no policy fits it, which its bearer may know; undefined when it
   * is not genuine or nobody trusts its issuer, which are told alike. An issuer that no policy names is never asked for keys.
   * `owners` are namespaces that the workflow wants to act in: of several policies that fit, one of theirs is taken.
   */
  async run(token: string, owners: readonly string[] = []): Promise<WorkloadIdentity | 'untrusted' | undefined> {
    const issuer = issuerOf(token);
    if (issuer === undefined) return undefined;
    let claims: Claims | undefined;
    for await (const policies of this.pagesOf(issuer, owners)) {
      claims ??= await verifyIdentityToken(token, issuer, this.keys);
      if (!claims) return undefined;
      const identity = await this.identityBy(policies, claims, owners);
      if (identity) return identity;
    }
    return claims && 'untrusted';
  }

  /** Policies of the wanted namespaces first: however many others trust the issuer, they are found at once. */
  private async *pagesOf(issuer: string, owners: readonly string[]): AsyncGenerator<TrustPolicy[]> {
    for (const namespaces of owners.length > 0 ? [owners, []] : [[]]) {
      let last: TrustPolicy | undefined;
      do {
        const policies: TrustPolicy[] = await this.policies.findByIssuer(issuer, namespaces, last?.id ?? 0);
        if (policies.length > 0) yield policies;
        last = policies.at(-1);
      } while (last);
    }
  }

  private async identityBy(
    policies: TrustPolicy[],
    claims: Claims,
    owners: readonly string[],
  ): Promise<WorkloadIdentity | undefined> {
    for (const policy of policies.filter((each) => fits(each, claims)).sort(preferring(owners))) {
      const sourceId = await this.sourceOf(policy, claims);
      if (sourceId === undefined) continue;
      const { id: policyId, namespaceId } = policy;
      // What cannot be stored is nothing to read, and a cut may leave half a character.
      const subject = String(claims.sub).replaceAll('\0', '').slice(0, MAX_SUBJECT_LENGTH).toWellFormed();
      return {
        principal: { kind: 'workflow', subject, policyId, sourceId, namespaceId },
        expiresAt: Number(claims.exp),
      };
    }
    return undefined;
  }

  private async sourceOf(
    { sourceId, sourceUrl, namespaceId }: TrustPolicy,
    claims: Claims,
  ): Promise<number | undefined> {
    if (sourceId !== undefined) return sourceId;
    // Claims have the capitals that their author chose, sources have none.
    const url = sourceUrl === undefined ? undefined : parseSourceUrl(sourceUrlFor(sourceUrl, claims) ?? '');
    return url === undefined ? undefined : this.policies.findSource(namespaceId, url);
  }
}

/** Policies of the wanted namespaces first, then those of a source before an organisation's, then the older ones. */
const preferring = (owners: readonly string[]) => (a: TrustPolicy, b: TrustPolicy) =>
  Number(owners.includes(b.namespace)) - Number(owners.includes(a.namespace)) ||
  Number(a.sourceId === undefined) - Number(b.sourceId === undefined) ||
  a.id - b.id;
