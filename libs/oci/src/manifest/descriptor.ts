import { createHash } from 'node:crypto';
import { algorithmOf, type Digest, isDigest } from '../digest.js';
import { fail } from '../errors/registry-error.js';
import { isObject } from './strict-json.js';

/** Media type, digest and size of content (image-spec "descriptor"). */
export interface Descriptor {
  mediaType: string;
  digest: Digest;
  size: number;
  artifactType?: string | undefined;
  annotations?: Record<string, string> | undefined;
}

const invalid = (where: string, reason: string): never => fail('MANIFEST_INVALID', { where, reason });

/** Checks every property that clients act on. `where` names the place in the manifest. Errors: MANIFEST_INVALID. */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  if (!isObject(value)) return invalid(where, 'not a descriptor');
  const { mediaType, digest, size, artifactType, annotations, data, urls } = value;
  if (typeof mediaType !== 'string' || mediaType === '') return invalid(where, 'mediaType is missing');
  if (mediaType.includes('\0')) return invalid(where, 'mediaType holds a NUL');
  if (typeof digest !== 'string' || !isDigest(digest)) return invalid(where, 'digest is not a sha256 or sha512 digest');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    return invalid(where, 'size is not a whole number of bytes');
  if (data !== undefined) assertData(data, digest, size, where);
  if (urls !== undefined && !(Array.isArray(urls) && urls.every((url) => typeof url === 'string'))) {
    return invalid(where, 'urls is not a list of strings');
  }
  return {
    mediaType,
    digest,
    size,
    artifactType: optionalString(artifactType, `${where}.artifactType`),
    annotations: parseAnnotations(annotations, where),
  };
}

/** Errors: MANIFEST_INVALID unless absent or an object of strings. */
export function parseAnnotations(value: unknown, where: string): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) return invalid(where, 'annotations is not an object');
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string')
      return invalid(where, `annotation ${JSON.stringify(key.slice(0, 64))} is not a string`);
  }
  return value as Record<string, string>;
}

export function optionalString(value: unknown, where: string): string | undefined {
  if (value === undefined || value === '') return undefined;
  return typeof value === 'string' ? value : invalid(where, 'not a string');
}

/** Embedded content must be the content that the digest names, else two clients see two things. */
function assertData(data: unknown, digest: Digest, size: number, where: string): void {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'base64') : invalid(where, 'data is not base64');
  const algorithm = algorithmOf(digest);
  if (bytes.length !== size || `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` !== digest) {
    invalid(where, 'data does not match digest and size');
  }
}
