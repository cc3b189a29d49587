import { createHash, randomBytes } from 'node:crypto';
import { Agent, request as httpRequest } from 'node:http';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const KIB = 1024;
/** What Go's io.Copy, and so docker, writes at once. */
const CHUNK = 32 * KIB;

/** Digest of bytes, in one buffer or several. */
export function sha256(...chunks) {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

/** A client of one repository, with the token flow where the registry asks for one. */
export class RegistryClient {
  /** @param {{ url: string, repository: string, username?: string, token?: string }} registry */
  constructor(registry) {
    this.registry = registry;
    this.base = `/v2/${registry.repository}`;
    this.agent = new Agent({ keepAlive: true });
  }

  /** The headers that a request needs now: bearer tokens live for minutes. */
  async authorization() {
    const { url, repository, username, token } = this.registry;
    if (!token) return {};
    const query = new URLSearchParams({ service: 'bench', scope: `repository:${repository}:pull,push` });
    const basic = Buffer.from(`${username}:${token}`).toString('base64');
    const answer = await fetch(`${url}/token?${query}`, { headers: { authorization: `Basic ${basic}` } });
    return { authorization: `Bearer ${(await answer.json()).token}` };
  }

  /** Pushes an image (config, a layer of 16 KiB) under the tag `latest`, and answers the paths to read it by. */
  async pushImage() {
    const layer = randomBytes(16 * KIB);
    const config = Buffer.from(
      JSON.stringify({ architecture: 'amd64', os: 'linux', pad: randomBytes(300).toString('hex') }),
    );
    for (const blob of [config, layer]) await this.putBlob(blob, sha256(blob));
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MANIFEST,
        config: describe('application/vnd.oci.image.config.v1+json', config),
        layers: [describe('application/vnd.oci.image.layer.v1.tar', layer)],
      }),
    );
    const path = `${this.base}/manifests/latest`;
    await this.send('PUT', path, { body: manifest, headers: { 'content-type': MANIFEST } }, 201);
    return {
      'manifest-by-tag': path,
      'manifest-by-digest': `${this.base}/manifests/${sha256(manifest)}`,
      'blob-16k': `${this.base}/blobs/${sha256(layer)}`,
    };
  }

  /** POST and PUT, the whole blob in one request. */
  async putBlob(blob, digest) {
    const location = await this.startUpload();
    await this.send('PUT', withDigest(location, digest), { body: blob }, 201);
  }

  /** POST, PATCH of unannounced length, empty PUT: what docker does. */
  async streamBlob(blob, digest) {
    const location = await this.startUpload();
    const { headers } = await this.send('PATCH', location, { body: blob, isChunked: true }, 202);
    await this.send('PUT', withDigest(headers.location, digest), {}, 201);
  }

  async startUpload() {
    const { headers } = await this.send('POST', `${this.base}/blobs/uploads/`, {}, 202);
    return headers.location;
  }

  /** Throws unless the answer has the status that is expected. */
  async send(method, path, { body, headers, isChunked = false }, expected) {
    const all = { accept: MANIFEST, ...(await this.authorization()), ...headers };
    if (!isChunked) all['content-length'] = String(body?.length ?? 0);
    const { promise, resolve, reject } = Promise.withResolvers();
    const request = httpRequest(new URL(path, this.registry.url), { method, agent: this.agent, headers: all });
    request.once('error', reject).once('response', resolve);
    for (const buffer of Array.isArray(body) ? body : body ? [body] : []) {
      for (let at = 0; at < buffer.length; at += CHUNK) {
        if (!request.write(buffer.subarray(at, at + CHUNK))) await drained(request);
      }
    }
    request.end();
    const response = await promise;
    let text = '';
    for await (const part of response.setEncoding('utf8')) text += part;
    if (response.statusCode !== expected) {
      throw new Error(`${method} ${this.registry.url}${path} answered ${response.statusCode}: ${text.slice(0, 300)}`);
    }
    return { headers: response.headers, text };
  }

  close() {
    this.agent.destroy();
  }
}

const describe = (mediaType, bytes) => ({ mediaType, digest: sha256(bytes), size: bytes.length });

function withDigest(location, digest) {
  return `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`;
}

/** Resolves too when the request ends early: its answer then tells why. */
function drained(request) {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of ['drain', 'close', 'response']) request.off(event, done);
      resolve();
    };
    for (const event of ['drain', 'close', 'response']) request.on(event, done);
  });
}
