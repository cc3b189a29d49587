export { type ByteRange, parseByteRange } from './byte-range.js';
export { type ContentRange, parseContentRange } from './content-range.js';
export {
  algorithmOf,
  type Digest,
  type DigestAlgorithm,
  isDigest,
  parseDigest,
  parseDigestAlgorithm,
} from './digest.js';
export { ERRORS, type ErrorCode } from './errors/codes.js';
export { fail, RegistryError } from './errors/registry-error.js';
export type { Descriptor } from './manifest/descriptor.js';
export type { Manifest, ManifestClass, ManifestReference } from './manifest/manifest.js';
export { MAX_MANIFEST_BYTES, parseManifest } from './manifest/parse.js';
export { referencesOf } from './manifest/references.js';
export { OCI_INDEX } from './media-types.js';
export { nextLink, type Page, type PageRequest, parsePageRequest } from './pagination.js';
export { parseReference, parseTag, type Reference } from './reference.js';
export {
  isNameComponent,
  isRepositoryName,
  parseRepositoryName,
  type RepositoryName,
  splitRepositoryName,
} from './repository-name.js';
