import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { type Client, type Document, descriptor, encode, index, OCI_MANIFEST, sha256 } from '../../support/client.js';
import { run } from './command.js';
import { blobPath, type Descriptor, descriptorsIn, isManifest } from './content.js';
import { find } from './programs.js';

const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** Writes an OCI image layout of one image, which is new each time. Its layers are these folders, or random files. */
export async function writeImage(layout: string, layers?: string[]): Promise<void> {
  await writeRoot(layout, await writePlatform(layout, 'amd64', layers ?? (await randomLayers(`${layout}-files`))));
}

/** Writes an OCI image layout of an index of images for two platforms, which share a layer. */
export async function writeIndex(layout: string): Promise<void> {
  const [shared = '', one = '', other = ''] = [
    ...(await randomLayers(`${layout}-files/shared`)),
    ...(await randomLayers(`${layout}-files/own`)),
  ];
  const amd64 = await writePlatform(layout, 'amd64', [shared, one]);
  const arm64 = await writePlatform(layout, 'arm64', [shared, other]);
  const document = index([amd64, arm64]);
  (document.manifests as object[]).forEach((entry, at) => {
    Object.assign(entry, { platform: { os: 'linux', architecture: at === 0 ? 'amd64' : 'arm64' } });
  });
  await writeBlob(layout, encode(document));
  await writeRoot(layout, document);
}

/** Pushes a layout by the test's own requests, for clients that are to find something. */
export async function pushLayout(client: Client, layout: string, name: string, tag: string): Promise<void> {
  const { manifests } = JSON.parse(await readFile(`${layout}/index.json`, 'utf8')) as { manifests: Descriptor[] };
  const push = async (one: Descriptor, reference: string): Promise<void> => {
    const bytes = await readFile(blobPath(layout, one.digest));
    if (isManifest(one)) for (const below of descriptorsIn(bytes)) await push(below, below.digest);
    const answer = isManifest(one)
      ? await client.put(name, reference, { mediaType: one.mediaType }, bytes)
      : await client.up(name, bytes, one.digest);
    if (answer.status !== 201) throw new Error(`${one.digest} got ${answer.status}: ${await answer.text()}`);
  };
  for (const root of manifests) await push(root, tag);
}

/** A root file system of one program with many names; needs no network and no other image. */
export async function writeBusybox(folder: string): Promise<string> {
  await mkdir(`${folder}/bin`, { recursive: true });
  await copyFile(find('busybox') ?? '', `${folder}/bin/busybox`);
  for (const name of ['sh', 'cat', 'head', 'sha256sum']) await symlink('busybox', `${folder}/bin/${name}`);
  return folder;
}

async function randomLayers(folder: string): Promise<string[]> {
  const sizes = [300_000, 12_000_000];
  return Promise.all(
    sizes.map(async (size) => {
      const layer = `${folder}/files-${size}`;
      await mkdir(layer, { recursive: true });
      await writeFile(`${layer}/random-${size}`, randomBytes(size));
      return layer;
    }),
  );
}

async function writePlatform(layout: string, architecture: string, layers: string[]): Promise<Document> {
  const descriptors: Descriptor[] = [];
  const diffIds: string[] = [];
  for (const folder of layers) {
    await run('tar', ['-C', folder, '-cf', `${folder}.tar`, '.']);
    const tar = await readFile(`${folder}.tar`);
    const layer = gzipSync(tar, { level: 1 });
    diffIds.push(sha256(tar));
    descriptors.push(descriptor(LAYER, layer));
    await writeBlob(layout, layer);
  }
  const config = encode({ architecture, os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: diffIds } });
  await writeBlob(layout, config);
  const document: Document = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: descriptor(CONFIG, config),
    layers: descriptors,
  };
  await writeBlob(layout, encode(document));
  return document;
}

async function writeRoot(layout: string, document: Document): Promise<void> {
  await writeFile(`${layout}/oci-layout`, JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  const manifests = [descriptor(document.mediaType, encode(document))];
  await writeFile(`${layout}/index.json`, JSON.stringify({ schemaVersion: 2, manifests }));
}

async function writeBlob(layout: string, bytes: Uint8Array): Promise<void> {
  const path = blobPath(layout, sha256(bytes));
  await mkdir(`${layout}/blobs/sha256`, { recursive: true });
  await writeFile(path, bytes);
}
