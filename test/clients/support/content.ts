import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Client } from '../../support/client.js';
import { OCI_INDEX, OCI_MANIFEST } from '../../support/client.js';

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

/** All that belongs to a manifest: its digest, and the size of each manifest and blob below it, itself included. */
export interface Content {
  digest: string;
  sizes: Record<string, number>;
}

type Read = (descriptor: Descriptor) => Promise<AsyncIterable<Uint8Array>>;

const MANIFESTS = new Set([
  OCI_MANIFEST,
  OCI_INDEX,
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]);

export const isManifest = (descriptor: Descriptor): boolean => MANIFESTS.has(descriptor.mediaType);

/** What Berth serves under a reference. Reads every byte and throws where one is not what its digest promises. */
export async function served(client: Client, name: string, reference: string): Promise<Content> {
  const answer = await client.v2(`/v2/${name}/manifests/${reference}`, { method: 'HEAD' });
  if (!answer.ok) throw new Error(`HEAD /v2/${name}/manifests/${reference} answered ${answer.status}`);
  const root = {
    mediaType: answer.headers.get('content-type') ?? '',
    digest: answer.headers.get('docker-content-digest') ?? '',
    size: Number(answer.headers.get('content-length')),
  };
  return contentOf(root, async (descriptor) => {
    const path = `/v2/${name}/${isManifest(descriptor) ? 'manifests' : 'blobs'}/${descriptor.digest}`;
    const found = await client.v2(path, { redirect: 'follow' });
    if (!found.ok || !found.body) throw new Error(`GET ${path} answered ${found.status}: ${await found.text()}`);
    return found.body;
  });
}

/** What is in an OCI image layout of one image or index. Throws where a file is not what its name promises. */
export async function stored(layout: string): Promise<Content> {
  const { manifests } = JSON.parse(await readFile(`${layout}/index.json`, 'utf8')) as { manifests: Descriptor[] };
  const [root] = manifests;
  if (!root || manifests.length > 1) throw new Error(`${layout} holds ${manifests.length} manifests instead of one`);
  return contentOf(root, async ({ digest }) => createReadStream(blobPath(layout, digest)));
}

export const blobPath = (layout: string, digest: string): string => `${layout}/blobs/${digest.replace(':', '/')}`;

/** What a manifest names. */
export function descriptorsIn(manifest: Uint8Array): Descriptor[] {
  const document = JSON.parse(Buffer.from(manifest).toString()) as {
    config?: Descriptor;
    layers?: Descriptor[];
    manifests?: Descriptor[];
  };
  return [document.config, ...(document.layers ?? []), ...(document.manifests ?? [])].filter(
    (one) => one !== undefined,
  );
}

async function contentOf(root: Descriptor, read: Read): Promise<Content> {
  const sizes: Record<string, number> = {};
  const visit = async (descriptor: Descriptor): Promise<void> => {
    if (descriptor.digest in sizes) return;
    sizes[descriptor.digest] = descriptor.size;
    const document = await verified(descriptor, await read(descriptor));
    if (document) for (const below of descriptorsIn(document)) await visit(below);
  };
  await visit(root);
  return { digest: root.digest, sizes };
}

/** Reads to the end; answers the bytes of a manifest. */
async function verified(descriptor: Descriptor, bytes: AsyncIterable<Uint8Array>): Promise<Buffer | undefined> {
  const [algorithm = ''] = descriptor.digest.split(':');
  const hash = createHash(algorithm);
  const kept: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    hash.update(chunk);
    size += chunk.length;
    if (isManifest(descriptor)) kept.push(chunk);
  }
  const digest = `${algorithm}:${hash.digest('hex')}`;
  if (digest !== descriptor.digest || size !== descriptor.size) {
    throw new Error(`expected ${descriptor.size} bytes of ${descriptor.digest}, got ${size} of ${digest}`);
  }
  return isManifest(descriptor) ? Buffer.concat(kept) : undefined;
}
