import { buffer } from 'node:stream/consumers';
import { type Descriptor, type Manifest, parseManifest } from '#oci';
import type { BlobIndex } from '../ports/blob-index.js';
import type { ManifestStore } from '../ports/manifest-store.js';
import type { ObjectStore } from '../ports/object-store.js';
import type { Words } from './package-metadata.js';

/** Larger configurations are stored like any blob, and not looked into. */
const MAX_CONFIG_BYTES = 1024 * 1024;
const MAX_READING_MS = 5000;
/** Children of an index that are asked, in order, until one says something. */
const MAX_CHILDREN = 3;

const IMAGE_CONFIGS = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]);

/**
 * Finds what a pushed manifest says of itself: its annotations, the labels of its image, and those of an index's children.
 * Best effort, and before the push's transaction: a configuration that is no JSON, is too large or cannot be read says
 * nothing, and the push goes on.
 */
export class ImageWords {
  constructor(
    private readonly blobs: BlobIndex,
    private readonly objects: ObjectStore,
    private readonly manifests: ManifestStore,
  ) {}

  /** In the order in which they count. */
  async of(packageId: number, manifest: Manifest): Promise<Words[]> {
    const own = await this.ofImage(packageId, manifest);
    const fromChildren = manifest.class === 'index' ? await this.ofChildren(packageId, manifest) : [];
    return [...own, ...fromChildren];
  }

  private async ofImage(packageId: number, { annotations, config }: Manifest): Promise<Words[]> {
    const labels = config && IMAGE_CONFIGS.has(config.mediaType) ? await this.labelsOf(packageId, config) : undefined;
    return [annotations, labels].filter((words) => words !== undefined);
  }

  /** Attestations stand among the children, and are no platforms. */
  private async ofChildren(packageId: number, { entries }: Manifest): Promise<Words[]> {
    const children = entries.filter((entry) => entry.annotations?.['vnd.docker.reference.type'] === undefined);
    for (const { digest, mediaType } of children.slice(0, MAX_CHILDREN)) {
      const words = await this.orNothing(async () => {
        const child = await this.manifests.find(packageId, { kind: 'digest', digest });
        return child && (await this.ofImage(packageId, parseManifest(child.bytes, mediaType)));
      });
      if (words && words.length > 0) return words;
    }
    return [];
  }

  private labelsOf(packageId: number, { digest, size }: Descriptor): Promise<Words | undefined> {
    return this.orNothing(async () => {
      if (size > MAX_CONFIG_BYTES) return undefined;
      const blob = await this.blobs.find(packageId, digest);
      if (!blob || blob.size > MAX_CONFIG_BYTES) return undefined;
      const stream = await this.objects.read(blob.objectKey);
      const timer = setTimeout(() => stream.destroy(new Error('reading took too long')), MAX_READING_MS);
      const text = (await buffer(stream).finally(() => clearTimeout(timer))).toString('utf8');
      const labels = (JSON.parse(text) as { config?: { Labels?: unknown } } | null)?.config?.Labels;
      return typeof labels === 'object' && labels !== null ? (labels as Words) : undefined;
    });
  }

  private async orNothing<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
    try {
      return await read();
    } catch {
      return undefined;
    }
  }
}
