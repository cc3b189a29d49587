import { Injectable } from '@nestjs/common';
import { isIdentityToken, parseScopes, WorkloadLogin } from '#auth';
import { RegistryError, splitRepositoryName } from '#oci';
import { AccessTokens } from './access-tokens.js';
import { type Credentials, principalOf } from './credentials.js';

/** What a password proves: a personal access token its owner, the OIDC token of a workflow what that is. */
@Injectable()
export class Login {
  constructor(
    private readonly tokens: AccessTokens,
    private readonly workloads: WorkloadLogin,
  ) {}

  /**
   * Whose password this is; undefined for a bad one. `scopes` are those that a token is wanted for: a workflow that several
   * namespaces trust comes in by the policy of the one it wants to act in. Errors: UNAUTHORIZED with the reason for a workflow
   * that is genuine and trusted by nobody, which it may know of itself.
   */
  async run(password: string, scopes: readonly string[]): Promise<Credentials | undefined> {
    if (isIdentityToken(password)) {
      const owners = parseScopes(scopes).map(({ name }) => splitRepositoryName(name).owner);
      const identity = await this.workloads.run(password, owners);
      if (identity === 'untrusted') throw new RegistryError('UNAUTHORIZED', UNTRUSTED, BASIC_CHALLENGE);
      if (identity) return { principal: identity.principal, access: undefined, expiresAt: identity.expiresAt };
    }
    const holder = await this.tokens.find(password);
    return holder && { principal: principalOf(holder), access: undefined };
  }
}

const UNTRUSTED = {
  reason: 'no trust policy fits the audience and claims of this token, or the source that it names is not known here',
};

/** Goes with each 401 of /token. */
export const BASIC_CHALLENGE = { headers: { 'www-authenticate': 'Basic realm="berth"' } };
