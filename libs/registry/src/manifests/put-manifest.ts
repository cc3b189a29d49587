import { createHash } from 'node:crypto';
import { algorithmOf, type Digest, fail, parseManifest, type Reference, referencesOf } from '#oci';
import type { ImageWords } from '../metadata/image-words.js';
import { readMetadata, type Words } from '../metadata/package-metadata.js';
import type { ImageSource, ManifestStore } from '../ports/manifest-store.js';
import type { PackageStore } from '../ports/package-store.js';
import type { Actor, Repository } from '../repository.js';
import { baseImageOf, sourceToLink } from './source-to-link.js';

/** A manifest as a client pushes it: bytes, at most `MAX_MANIFEST_BYTES`, and what the request said of them. */
export interface PushedManifest {
  reference: Reference;
  contentType: string | undefined;
  bytes: Uint8Array;
  /** Tags given as query parameters; only beside a digest. */
  tags: string[];
}

/**
 * PUT of a manifest (end-7). Answers its digest and the subject's, if it names one.
 * Errors: MANIFEST_INVALID, DIGEST_INVALID, MANIFEST_BLOB_UNKNOWN.
 */
export class PutManifest {
  constructor(
    private readonly packages: PackageStore,
    private readonly manifests: ManifestStore,
    private readonly words: ImageWords,
  ) {}

  async run(
    repository: Repository,
    actor: Actor,
    pushed: PushedManifest,
  ): Promise<{ digest: Digest; subject: Digest | undefined }> {
    const { reference, bytes } = pushed;
    const digest = computeDigest(bytes, reference);
    const manifest = parseManifest(bytes, pushed.contentType);
    const packageId = repository.packageId ?? (await this.packages.ensure(repository.name, actor));
    const words = await this.words.of(packageId, manifest);
    await this.manifests.put({
      packageId,
      actor,
      digest,
      bytes,
      manifest,
      references: referencesOf(manifest),
      tags: reference.kind === 'tag' ? [reference.tag] : pushed.tags,
      source: imageSource(words),
      metadata: readMetadata(words),
    });
    return { digest, subject: manifest.subject?.digest };
  }
}

function imageSource(words: Words[]): ImageSource | undefined {
  const url = sourceToLink(...words);
  return url === undefined ? undefined : { url, base: baseImageOf(...words) };
}

function computeDigest(bytes: Uint8Array, reference: Reference): Digest {
  const algorithm = reference.kind === 'digest' ? algorithmOf(reference.digest) : 'sha256';
  const digest: Digest = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
  if (reference.kind === 'digest' && reference.digest !== digest) {
    fail('DIGEST_INVALID', { expected: reference.digest, actual: digest });
  }
  return digest;
}
