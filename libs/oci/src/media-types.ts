/** Media types that decide how a manifest is read. Source: image-spec "media-types", Docker "image manifest v2 schema 2". */
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const DOCKER_MANIFEST_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';

const IMAGE_MANIFESTS = new Set([OCI_MANIFEST, DOCKER_MANIFEST]);
const INDEXES = new Set([OCI_INDEX, DOCKER_MANIFEST_LIST]);

export const isImageManifestType = (mediaType: string): boolean => IMAGE_MANIFESTS.has(mediaType);
export const isIndexType = (mediaType: string): boolean => INDEXES.has(mediaType);
export const isManifestType = (mediaType: string): boolean => isImageManifestType(mediaType) || isIndexType(mediaType);

/** Layers that a registry may lack: clients fetch them from the descriptor's `urls` (image-spec "Non-Distributable Layers"). */
const FOREIGN_LAYER =
  /^application\/vnd\.(?:docker\.image\.rootfs\.foreign\.diff\.tar|oci\.image\.layer\.nondistributable\.v1\.tar)(?:[.+](?:gzip|zstd))?$/;

export const isForeignLayerType = (mediaType: string): boolean => FOREIGN_LAYER.test(mediaType);

/** `Application/JSON; charset=utf-8` -> `application/json`. */
export function withoutParameters(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
}
