import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import Provider, { type Configuration } from 'oidc-provider';

/** A real OpenID provider in this process, on 127.0.0.1. */
export interface TestIssuer {
  url: string;
  /** Claims of its accounts, by subject. An account exists from the moment it stands here. */
  accounts: Map<string, Record<string, unknown>>;
  /** The account that signs in next, wherever a browser is sent here. */
  signsIn(subject: string): void;
  /** An ID token that the provider gives the client `audience` for this account, by the code flow. */
  idToken(subject: string, audience: string): Promise<string>;
  /** A token signed with the provider's key that is none of its own making: header and claims are the caller's. */
  sign(claims: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
  /** The public key that signs now, as its key set has it. */
  publicJwk(): JWK;
  /** From now on other keys sign, and only those are published. */
  rotate(): Promise<void>;
  /** How often the key set was asked for. */
  keysRead(): number;
  /** Whether requests are answered at all. */
  answers(does: boolean): void;
  stop(): Promise<void>;
}

export interface IssuerOptions {
  /** Clients by id, with their redirect URIs; `secret` makes them confidential. */
  clients?: Array<{ id: string; secret?: string; redirectUri: string }>;
}

const AUDIENCES = ['berth', 'https://elsewhere.example'];
const CALLBACK = 'http://127.0.0.1/callback';

export async function startIssuer({ clients = [] }: IssuerOptions = {}): Promise<TestIssuer> {
  const accounts = new Map<string, Record<string, unknown>>();
  let current = '';
  let keysRead = 0;
  let isAnswering = true;
  let handler: (request: IncomingMessage, response: ServerResponse) => unknown = () => undefined;
  let key = await createKey();
  const server = createServer((request, response) => {
    if (request.url === '/jwks') keysRead++;
    if (isAnswering) void handler(request, response);
    else response.writeHead(503).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const serve = () => {
    const { warn } = console;
    console.warn = () => undefined; // that what it keeps in memory is lost at its end is all right here
    const provider = new Provider(url, configuration(accounts, clients, key));
    console.warn = warn;
    provider.on('server_error', (_, error) => console.error(error));
    const callback = provider.callback();
    handler = async (request, response) => {
      if (!request.url?.startsWith('/interaction/')) return callback(request, response);
      const { params } = await provider.interactionDetails(request, response);
      const accountId = typeof params.login_hint === 'string' ? params.login_hint : current;
      return provider.interactionFinished(
        request,
        response,
        { login: { accountId } },
        { mergeWithLastSubmission: false },
      );
    };
  };
  serve();

  return {
    url,
    accounts,
    signsIn: (subject) => {
      current = subject;
    },
    idToken: (subject, audience) => codeFlow(url, subject, audience),
    sign: async (claims, header = {}) => {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ iss: url, aud: 'berth', sub: 'somebody', iat: now, exp: now + 300, ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: key.kid ?? '', typ: 'JWT', ...header })
        .sign(await importJWK(key, 'RS256'));
    },
    publicJwk: () => ({ kty: 'RSA', n: key.n ?? '', e: key.e ?? '', kid: key.kid ?? '' }),
    rotate: async () => {
      key = await createKey();
      serve();
    },
    keysRead: () => keysRead,
    answers: (does) => {
      isAnswering = does;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

async function createKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), use: 'sig', alg: 'RS256' };
}

const configuration = (
  accounts: TestIssuer['accounts'],
  clients: NonNullable<IssuerOptions['clients']>,
  key: JWK,
): Configuration => ({
  jwks: { keys: [key as never] },
  clients: [
    ...AUDIENCES.map((id) => ({
      client_id: id,
      redirect_uris: [CALLBACK],
      token_endpoint_auth_method: 'none' as const,
    })),
    ...clients.map(({ id, secret, redirectUri }) => ({
      client_id: id,
      redirect_uris: [redirectUri],
      ...(secret
        ? { client_secret: secret, token_endpoint_auth_method: 'client_secret_post' as const }
        : { token_endpoint_auth_method: 'none' as const }),
    })),
  ],
  claims: {
    openid: ['sub'],
    profile: ['preferred_username', 'name', 'groups', 'email', 'email_verified'],
    workflow: ['repository', 'repository_owner', 'ref', 'environment'],
  },
  scopes: ['openid', 'profile', 'workflow'],
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, { uid }) => `/interaction/${uid}` },
  ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
  cookies: { keys: ['a key of the tests'] },
  findAccount: (_, id) => {
    const claims = accounts.get(id);
    return claims && { accountId: id, claims: async () => ({ sub: id, ...claims }) };
  },
  // Everybody has agreed to everything: consent is no part of the tests.
  loadExistingGrant: async ({ oidc }) => {
    const { client, session, provider } = oidc;
    if (!client || !session?.accountId) return undefined;
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope('openid profile workflow');
    await grant.save();
    return grant;
  },
});

/** What a browser does: follows redirects with the provider's cookies, until one leaves the provider. */
export async function browse(from: string, origin: string): Promise<URL> {
  const jar = new Map<string, string>();
  let next = new URL(from);
  while (next.origin === origin) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(next, { redirect: 'manual', headers: { cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const equals = pair.indexOf('=');
      jar.set(pair.slice(0, equals), pair.slice(equals + 1));
    }
    const location = answer.headers.get('location');
    if (!location) throw new Error(`the provider answered ${answer.status}: ${(await answer.text()).slice(0, 500)}`);
    next = new URL(location, next);
  }
  return next;
}

async function codeFlow(url: string, subject: string, clientId: string): Promise<string> {
  const verifier = 'v'.repeat(64);
  const challenge = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(verifier))).toString('base64url');
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope: 'openid profile workflow',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    login_hint: subject,
  });
  const back = await browse(`${url}/auth?${query}`, url);
  const answer = await fetch(`${url}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: clientId,
      redirect_uri: CALLBACK,
      code: back.searchParams.get('code') ?? '',
      code_verifier: verifier,
    }),
  });
  const { id_token: token } = (await answer.json()) as { id_token?: string };
  if (!token) throw new Error(`the provider gave no ID token: ${answer.status}`);
  return token;
}
