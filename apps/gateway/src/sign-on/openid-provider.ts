import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  ClientSecretPost,
  type Configuration,
  calculatePKCECodeChallenge,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  None,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import type { ProvenIdentity } from '#auth';
import type { createGuardedFetch } from '#net';
import { Login } from '../access/login.js';
import { isStorable } from '../http/json-text.js';

/** What was begun and must come back: kept by the browser, in a cookie that scripts cannot read. */
export interface PendingSignOn {
  state: string;
  nonce: string;
  verifier: string;
}

export interface ProviderSettings {
  issuer: string;
  clientId: string;
  clientSecret: string | undefined;
  scopes: string;
  loginClaim: string;
  groupsClaim: string;
}

/** Read again after this, so that a provider may move its endpoints. */
const METADATA_MS = 3_600_000;
/** More than anybody is in; what lies beyond counts as cut. */
const MAX_GROUPS = 1000;

/** The OpenID provider at which people sign in: authorization code flow with PKCE, state and nonce. */
export class OpenIdProvider {
  private configuration: Promise<Configuration> | undefined;
  private readAt = 0;

  constructor(
    private readonly settings: ProviderSettings,
    private readonly fetch: ReturnType<typeof createGuardedFetch>,
    private readonly allowsHttp: boolean,
  ) {}

  /** Where to send the browser, and what to keep for when it comes back. */
  async begin(redirectUri: string): Promise<{ url: string; pending: PendingSignOn }> {
    const configuration = await this.configure();
    const pending = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier() };
    const url = buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: this.settings.scopes,
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
    });
    return { url: url.href, pending };
  }

  /**
   * Who came back, from the URL that the provider sent the browser to. Throws for whatever does not fit: another state, nonce
   * or issuer, a code that is used, somebody else's or expired, an ID token that the provider's keys did not sign.
   */
  async finish(currentUrl: URL, { state, nonce, verifier }: PendingSignOn): Promise<ProvenIdentity> {
    const tokens = await authorizationCodeGrant(await this.configure(), currentUrl, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: verifier,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (!claims || !isStorable(claims.sub)) throw new Error('the provider gave no ID token that says who it is');
    const login = claims[this.settings.loginClaim];
    const groups = [claims[this.settings.groupsClaim] ?? []].flat();
    return {
      issuer: claims.iss,
      subject: claims.sub,
      login: typeof login === 'string' ? Login.safeParse(login.split('@')[0]).data : undefined,
      groups: groups
        .filter((group): group is string => typeof group === 'string' && isStorable(group))
        .slice(0, MAX_GROUPS),
    };
  }

  private configure(): Promise<Configuration> {
    if (!this.configuration || Date.now() - this.readAt > METADATA_MS) {
      this.readAt = Date.now();
      this.configuration = this.discover();
      this.configuration.catch(() => {
        this.configuration = undefined;
      });
    }
    return this.configuration;
  }

  private discover(): Promise<Configuration> {
    const { issuer, clientId, clientSecret } = this.settings;
    const authentication = clientSecret === undefined ? None() : ClientSecretPost(clientSecret);
    return discovery(new URL(issuer), clientId, undefined, authentication, {
      [customFetch]: this.fetch,
      // Signatures of ID tokens are checked although they come over TLS from the provider itself.
      execute: [enableNonRepudiationChecks, ...(this.allowsHttp ? [allowInsecureRequests] : [])],
    });
  }
}
