import { fail } from '../errors/registry-error.js';
import { isImageManifestType, isIndexType, isManifestType, withoutParameters } from '../media-types.js';
import { classify } from './classify.js';
import { type Descriptor, optionalString, parseAnnotations, parseDescriptor } from './descriptor.js';
import type { Manifest } from './manifest.js';
import { parseStrictJson } from './strict-json.js';

/** The specification asks for at least 4 MiB; Berth takes exactly that. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

const invalid = (reason: string): never => fail('MANIFEST_INVALID', { reason });

/**
 * Reads a pushed manifest (image-spec "manifest" and "image-index", Docker schema 2). The type comes from Content-Type,
 * else from `mediaType`; where both speak they must agree, and a document that could be read as both kinds is refused
 * (CVE-2021-41190). Errors: MANIFEST_INVALID.
 */
export function parseManifest(bytes: Uint8Array, contentType: string | undefined): Manifest {
  const document = parseStrictJson(bytes);
  const mediaType = mediaTypeOf(document, contentType);
  if (document.schemaVersion !== 2) invalid('schemaVersion is not 2');
  const isIndex = isIndexType(mediaType);
  for (const foreign of isIndex ? ['config', 'layers', 'fsLayers'] : ['manifests', 'fsLayers']) {
    if (document[foreign] !== undefined) invalid(`${foreign} does not belong in ${mediaType}`);
  }
  const config = isIndex ? undefined : parseDescriptor(document.config, 'config');
  const manifest = {
    mediaType,
    isIndex,
    config,
    layers: isIndex ? [] : parseDescriptors(document.layers, 'layers'),
    entries: isIndex ? parseDescriptors(document.manifests, 'manifests') : [],
    subject: document.subject === undefined || document.subject === null ? undefined : parseSubject(document.subject),
    artifactType: parseArtifactType(document.artifactType) ?? config?.mediaType,
    annotations: parseAnnotations(document.annotations, 'annotations'),
  };
  return { ...manifest, class: classify(manifest) };
}

function mediaTypeOf(document: Record<string, unknown>, contentType: string | undefined): string {
  const declared = document.mediaType;
  if (declared !== undefined && typeof declared !== 'string') return invalid('mediaType is not a string');
  const mediaType = contentType ? withoutParameters(contentType) : declared;
  if (!mediaType) return invalid('neither Content-Type nor mediaType says what this is');
  if (declared !== undefined && declared !== '' && declared !== mediaType) {
    return invalid(`Content-Type is ${mediaType}, mediaType is ${declared.slice(0, 128)}`);
  }
  if (!isImageManifestType(mediaType) && !isIndexType(mediaType)) {
    return invalid(`${mediaType.slice(0, 128)} is not a manifest type that Berth stores`);
  }
  return mediaType;
}

function parseDescriptors(value: unknown, where: string): Descriptor[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return invalid(`${where} is not a list`);
  return value.map((entry, i) => parseDescriptor(entry, `${where}[${i}]`));
}

function parseArtifactType(value: unknown): string | undefined {
  const artifactType = optionalString(value, 'artifactType');
  return artifactType?.includes('\0') ? invalid('artifactType holds a NUL') : artifactType;
}

function parseSubject(value: unknown): Descriptor {
  const subject = parseDescriptor(value, 'subject');
  return isManifestType(subject.mediaType) ? subject : invalid('subject is not a manifest');
}
