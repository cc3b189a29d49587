import { fail } from '../errors/registry-error.js';
import { isForeignLayerType, isManifestType } from '../media-types.js';
import type { Descriptor } from './descriptor.js';
import type { Manifest, ManifestReference } from './manifest.js';

/**
 * Everything a manifest needs, each digest once. `config` and `layers` name blobs; in an index the entry's media type
 * decides. A `subject` is no need: it may be absent. Errors: MANIFEST_INVALID when one digest is given two sizes.
 */
export function referencesOf(manifest: Manifest): ManifestReference[] {
  const references = new Map<string, ManifestReference>();
  const add = (descriptor: Descriptor, kind: ManifestReference['kind'], optional: boolean): void => {
    const known = references.get(`${kind} ${descriptor.digest}`);
    if (known && known.size !== descriptor.size) {
      fail('MANIFEST_INVALID', { digest: descriptor.digest, reason: 'the same digest stands with two sizes' });
    }
    references.set(`${kind} ${descriptor.digest}`, {
      digest: descriptor.digest,
      size: descriptor.size,
      kind,
      optional: optional && (known?.optional ?? true),
    });
  };
  if (manifest.config) add(manifest.config, 'blob', false);
  for (const layer of manifest.layers) add(layer, 'blob', isForeignLayerType(layer.mediaType));
  for (const entry of manifest.entries) add(entry, isManifestType(entry.mediaType) ? 'manifest' : 'blob', false);
  return [...references.values()];
}
