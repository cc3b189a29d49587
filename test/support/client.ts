import { createHash, randomBytes } from 'node:crypto';
import type { TestBerth } from './berth.js';

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
const EMPTY_CONFIG = 'application/vnd.oci.empty.v1+json';
const CACHE_CONFIG = 'application/vnd.buildkit.cacheconfig.v0';

/** The blobs that trials speak of: `{}`, nothing, and random bytes. */
export const E = Buffer.from('{}');
export const Z = Buffer.alloc(0);
export const randomBlob = (size = 1024): Buffer => randomBytes(size);

export const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
export const sha512 = (bytes: Uint8Array): string => `sha512:${createHash('sha512').update(bytes).digest('hex')}`;

export interface Document {
  mediaType: string;
  [property: string]: unknown;
}

export const descriptor = (mediaType: string, bytes: Uint8Array) => ({
  mediaType,
  digest: sha256(bytes),
  size: bytes.length,
});

/** An OCI image manifest over these layers. */
export const image = (layers: Uint8Array[], more: Record<string, unknown> = {}): Document => ({
  schemaVersion: 2,
  mediaType: OCI_MANIFEST,
  config: descriptor(EMPTY_CONFIG, E),
  layers: layers.map((layer) => descriptor('application/vnd.oci.image.layer.v1.tar', layer)),
  ...more,
});

/** An OCI index over these manifests. */
export const index = (children: Document[], more: Record<string, unknown> = {}): Document => ({
  schemaVersion: 2,
  mediaType: OCI_INDEX,
  manifests: children.map((child) => descriptor(child.mediaType, encode(child))),
  ...more,
});

/** A cache of BuildKit's as an image manifest over these layers; its config blob is `E`. */
export const buildCache = (layers: Uint8Array[], more: Record<string, unknown> = {}): Document =>
  image(layers, { config: descriptor(CACHE_CONFIG, E), ...more });

/** The same as an index, whose entries are blobs. */
export const buildCacheIndex = (layers: Uint8Array[], more: Record<string, unknown> = {}): Document => ({
  schemaVersion: 2,
  mediaType: OCI_INDEX,
  manifests: [
    ...layers.map((layer) => descriptor('application/vnd.oci.image.layer.v1.tar+gzip', layer)),
    descriptor(CACHE_CONFIG, E),
  ],
  ...more,
});

export const encode = (document: object): Buffer => Buffer.from(JSON.stringify(document));

/** Accounts of a fresh Berth: organisation `acme` owned by `pusher`, and `stranger` with the organisation `other`. */
export interface Accounts {
  pusher: Client;
  stranger: Client;
  anonymous: Client;
  /** The first administrator. */
  admin: Client;
}

/** Where a client goes, and what sets it up there. */
export type Target = Pick<TestBerth, 'url' | 'adminToken'>;

/** A client of one user, which gets itself the bearer tokens that requests need. */
export class Client {
  constructor(
    readonly berth: Target,
    readonly login: string | undefined,
    readonly token: string | undefined,
  ) {}

  get basic(): Record<string, string> {
    return this.token === undefined ? {} : { authorization: basicHeader(this.login ?? '', this.token) };
  }

  /** A bearer token for these scopes. */
  async bearer(...scopes: string[]): Promise<string> {
    const query = new URLSearchParams({ service: 'test' });
    for (const scope of scopes) query.append('scope', scope);
    const answer = await fetch(`${this.berth.url}/token?${query}`, { headers: this.basic });
    const { token } = (await answer.json()) as { token: string };
    return token;
  }

  /** A bearer token for whatever can be done at this path. */
  bearerFor(path: string): Promise<string> {
    return this.bearer(...scopesOf(path));
  }

  /** A request under /v2 with the token that its repository and method need, unless it brings credentials of its own. */
  async v2(path: string, options: RequestInit & { duplex?: 'half' } = {}): Promise<Response> {
    const headers = options.headers as Record<string, string> | undefined;
    const authorization = headers?.authorization ?? `Bearer ${await this.bearerFor(path)}`;
    return fetch(this.berth.url + path, { redirect: 'manual', ...options, headers: { ...headers, authorization } });
  }

  /** Opens an upload and answers its Location. */
  async start(name: string): Promise<string> {
    const answer = await this.v2(`/v2/${name}/blobs/uploads/`, { method: 'POST' });
    if (answer.status !== 202) throw new Error(`POST answered ${answer.status}: ${await answer.text()}`);
    return answer.headers.get('location') ?? '';
  }

  /** The same user at another process. */
  at(berth: TestBerth): Client {
    return new Client(berth, this.login, this.token);
  }

  /** A blob's status and bytes, wherever they come from: the token is not sent along to another place. */
  async blob(name: string, digest: string): Promise<{ status: number; bytes: Buffer }> {
    const first = await this.v2(`/v2/${name}/blobs/${digest}`);
    const answer = first.status === 307 ? await fetch(first.headers.get('location') ?? '') : first;
    return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) };
  }

  /** Uploads a blob by POST and PUT. */
  async up(name: string, bytes: Uint8Array, digest = sha256(bytes)): Promise<Response> {
    return this.v2(`${await this.start(name)}?digest=${digest}`, { method: 'PUT', body: bytes });
  }

  /** Pushes a manifest; its blobs must be there. */
  put(name: string, reference: string, document: Document, body: Uint8Array = encode(document)): Promise<Response> {
    return this.v2(`/v2/${name}/manifests/${reference}`, {
      method: 'PUT',
      body: body,
      headers: { 'content-type': document.mediaType },
    });
  }

  /** Uploads the blobs and pushes an image of them; answers the manifest. */
  async push(name: string, reference: string, layers: Uint8Array[] = [randomBlob()]): Promise<Document> {
    for (const blob of [E, ...layers]) await this.up(name, blob);
    const document = image(layers);
    const answer = await this.put(name, reference === 'digest' ? sha256(encode(document)) : reference, document);
    if (answer.status !== 201) throw new Error(`push answered ${answer.status}: ${await answer.text()}`);
    return document;
  }
}

function scopesOf(path: string): string[] {
  const name = /^\/v2\/([^?]+)\/(?:blobs|manifests|tags|referrers|_berth)\//.exec(path)?.[1];
  return name && name.length < 1000 ? [`repository:${name}:pull,push,delete`] : [];
}

export const basicHeader = (login: string, token: string): string =>
  `Basic ${Buffer.from(`${login}:${token}`).toString('base64')}`;

/** A call of the operator API. */
export async function operator(
  berth: Target,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(`${berth.url}/admin/v1${path}`, {
    method,
    headers: { authorization: basicHeader('admin', berth.adminToken), 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text ? JSON.parse(text) : {} };
}

/** Collects garbage, by default with no grace, and answers the run once it is done. */
export async function collectGarbage(
  berth: TestBerth,
  request: { grace?: string; dry_run?: boolean } = { grace: '0s' },
): Promise<Record<string, unknown> & { counts: Record<string, { count: number; bytes: number }> }> {
  const started = await operator(berth, 'POST', '/gc/runs', request);
  if (started.status !== 202) throw new Error(`the run answered ${started.status}: ${JSON.stringify(started.body)}`);
  for (;;) {
    const { body } = await operator(berth, 'GET', `/gc/runs/${started.body.id}`);
    if (body.state === 'done') return body as Awaited<ReturnType<typeof collectGarbage>>;
    if (body.state === 'failed') throw new Error(`the run failed: ${body.error}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A token of a user, by the operator API. */
export async function createToken(
  berth: Target,
  login: string,
  scopes: string[],
): Promise<{ id: number; token: string }> {
  const { body } = await operator(berth, 'POST', `/users/${login}/tokens`, { name: 'test', scopes });
  return body as { id: number; token: string };
}

const ALL = ['read:packages', 'write:packages', 'delete:packages'];

export async function createAccounts(berth: Target): Promise<Accounts> {
  for (const [login, organisation] of [
    ['pusher', 'acme'],
    ['stranger', 'other'],
  ] as const) {
    await operator(berth, 'POST', '/users', { login });
    await operator(berth, 'POST', '/orgs', { login: organisation });
    await operator(berth, 'PUT', `/orgs/${organisation}/members/${login}`, { role: 'owner' });
  }
  const pusher = await createToken(berth, 'pusher', ALL);
  const stranger = await createToken(berth, 'stranger', ALL);
  return {
    pusher: new Client(berth, 'pusher', pusher.token),
    stranger: new Client(berth, 'stranger', stranger.token),
    anonymous: new Client(berth, undefined, undefined),
    admin: new Client(berth, 'admin', berth.adminToken),
  };
}

/** The code of a specification error. */
export async function errorCode(answer: Response): Promise<string | undefined> {
  const body = (await answer.json()) as { errors?: Array<{ code: string }> };
  return body.errors?.[0]?.code;
}
