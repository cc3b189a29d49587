/** What a 401 tells a client about where to get a token (RFC 6750, Docker token specification). */
export interface Challenge {
  realm: string;
  service: string;
  scope?: string;
  error?: 'invalid_token' | 'insufficient_scope';
}

/** The value of `WWW-Authenticate`. Its parts are Berth's own or checked: none can hold a quote. */
export function bearerChallenge({ realm, service, scope, error }: Challenge): string {
  const parameters = Object.entries({ realm, service, scope, error }).filter(([, value]) => value !== undefined);
  return `Bearer ${parameters.map(([name, value]) => `${name}="${value}"`).join(',')}`;
}
