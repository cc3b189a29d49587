import type { Manifest, ManifestClass } from './manifest.js';

const SIGNATURES = new Set([
  'application/vnd.dev.cosign.simplesigning.v1+json',
  'application/vnd.dev.cosign.artifact.sig.v1+json',
  'application/vnd.cncf.notary.signature',
]);
const SIGSTORE_BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle\./;
const IN_TOTO = 'application/vnd.in-toto+json';
const BUILD_CACHE = 'application/vnd.buildkit.cacheconfig.v0';
const IMAGE_CONFIGS = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]);

/**
 * Says what a manifest is to people from its media types alone: no config blob is read at push.
 * BuildKit's registry cache comes in two forms: an image manifest with its cache config, and an index that lists the
 * config and the layers as entries.
 */
export function classify(manifest: Omit<Manifest, 'class'>): ManifestClass {
  const types = [manifest.artifactType, manifest.config?.mediaType, ...manifest.layers.map((l) => l.mediaType)];
  if (types.includes(BUILD_CACHE) || manifest.entries.some((entry) => entry.mediaType === BUILD_CACHE)) {
    return 'build_cache';
  }
  if (manifest.isIndex) return manifest.subject ? 'other' : 'index';
  if (types.some((type) => type !== undefined && (SIGNATURES.has(type) || SIGSTORE_BUNDLE.test(type))))
    return 'signature';
  if (types.includes(IN_TOTO)) return 'attestation';
  if (manifest.config?.mediaType === 'application/vnd.cncf.helm.config.v1+json') return 'chart';
  const isImage = manifest.config !== undefined && IMAGE_CONFIGS.has(manifest.config.mediaType);
  return isImage && manifest.artifactType === manifest.config?.mediaType ? 'image' : 'other';
}
