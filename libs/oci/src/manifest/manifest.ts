import type { Digest } from '../digest.js';
import type { Descriptor } from './descriptor.js';

/** What kind of thing a manifest is to people, decided once at push (`classify.ts`). */
export type ManifestClass = 'image' | 'index' | 'attestation' | 'signature' | 'chart' | 'build_cache' | 'other';

/** A manifest as Berth understands it; the bytes themselves are kept as pushed. */
export interface Manifest {
  mediaType: string;
  isIndex: boolean;
  class: ManifestClass;
  config: Descriptor | undefined;
  layers: Descriptor[];
  /** Entries of an index, in order; not all of them need be manifests. */
  entries: Descriptor[];
  subject: Descriptor | undefined;
  /** `artifactType`, else the config's media type: what referrers lists show and filter by (distribution-spec end-12). */
  artifactType: string | undefined;
  annotations: Record<string, string> | undefined;
}

/** Something that a manifest needs to be complete. */
export interface ManifestReference {
  digest: Digest;
  size: number;
  kind: 'blob' | 'manifest';
  /** May be absent: a foreign layer. */
  optional: boolean;
}
