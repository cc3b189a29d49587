/** Which workflows of an OpenID issuer may act, and for which source. */
export interface TrustPolicy {
  id: number;
  namespaceId: number;
  /** The namespace's path. */
  namespace: string;
  name: string;
  /** As it stands in `iss`: an https URL, without a slash at its end unless the issuer has one. */
  issuer: string;
  /** What `aud` must be. */
  audience: string;
  /** Claim -> text that its value must be; `*` stands for any run of characters. All must fit. */
  conditions: Record<string, string>;
  /** Whose workflows they are; absent in a policy of an organisation, where `sourceUrl` tells. */
  sourceId: number | undefined;
  /** That source's URL. */
  source: string | undefined;
  /** Names a source of the namespace, `{claim}` standing for a claim's value: `https://github.com/{repository}`. */
  sourceUrl: string | undefined;
  /** False for scanners and health checks: what they pull is no download. */
  countsPulls: boolean;
}

/** The claims of a verified OIDC token. */
export type Claims = Record<string, unknown>;

/** Whether a policy trusts a token with these claims. The issuer is compared before, when its keys are chosen. */
export function fits({ audience, conditions }: TrustPolicy, claims: Claims): boolean {
  const wanted = Object.entries(conditions);
  return (
    wanted.length > 0 &&
    audienceOf(claims) === audience &&
    wanted.every(([claim, pattern]) => {
      const value = textOf(claims, claim);
      return value !== undefined && matchesGlob(pattern, value);
    })
  );
}

/** The source that an organisation's policy speaks of; undefined where the token lacks a claim of the address. */
export function sourceUrlFor(template: string, claims: Claims): string | undefined {
  let isWhole = true;
  const url = template.replace(/\{([^{}]*)\}/g, (_, claim: string) => {
    const value = textOf(claims, claim);
    // Such a value could name another source than the one the policy's author had in mind.
    if (value === undefined || !/^[\w.-]+(?:\/[\w.-]+)*$/.test(value) || /(?:^|\/)\.\.?(?:\/|$)/.test(value))
      isWhole = false;
    return value ?? '';
  });
  return isWhole ? url : undefined;
}

/**
 * The one audience. A token for several is refused: whoever of them got it could come with it here.
 */
function audienceOf({ aud }: Claims): string | undefined {
  const only = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
  return typeof only === 'string' ? only : undefined;
}

/** A claim as text: what is neither text, number nor boolean fits nothing. Only the token's own properties are claims. */
function textOf(claims: Claims, name: string): string | undefined {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

/** `*` is any run of characters, everything else itself. */
export function matchesGlob(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return first === text;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}
