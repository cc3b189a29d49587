import parseSpdx from 'spdx-expression-parse';

/** What one place says of an image: annotations, or labels. */
export type Words = Record<string, unknown>;

/** What a package's page tells of it, from annotations of the manifest and labels of the image. */
export interface PackageMetadata {
  source?: string;
  description?: string;
  licenses?: string;
  url?: string;
  documentation?: string;
  version?: string;
  revision?: string;
  title?: string;
  /** Fields whose value was longer and is cut. */
  truncated: MetadataField[];
  /** Whether `licenses` is an SPDX licence expression. */
  isSpdx: boolean;
}

const PREFIX = 'org.opencontainers.image.';

/** Longest values, in characters. Those of description and licenses are GHCR's. */
const LIMITS = {
  source: 2000,
  description: 512,
  licenses: 256,
  url: 2000,
  documentation: 2000,
  version: 256,
  revision: 256,
  title: 256,
} as const;

export type MetadataField = keyof typeof LIMITS;
const FIELDS = Object.keys(LIMITS) as MetadataField[];

/**
 * Reads the predefined keys of the image specification ("annotations") out of what a manifest and its image say; for each
 * key the first that has it counts. Values that are too long are cut and named in `truncated`; nothing here refuses a push.
 * Undefined when there is nothing to tell.
 */
export function readMetadata(saying: Words[]): PackageMetadata | undefined {
  const metadata: PackageMetadata = { truncated: [], isSpdx: false };
  for (const field of FIELDS) {
    const values = saying.map((said) => said[PREFIX + field]);
    // A NUL or half a pair fits into no text column, and no page needs one.
    const value = values
      .find((text): text is string => typeof text === 'string' && text !== '')
      ?.replaceAll('\0', '')
      .toWellFormed();
    if (!value) continue;
    metadata[field] = cut(value, LIMITS[field]);
    if (metadata[field] !== value) metadata.truncated.push(field);
  }
  metadata.isSpdx =
    metadata.licenses !== undefined && !metadata.truncated.includes('licenses') && isSpdx(metadata.licenses);
  return FIELDS.some((field) => metadata[field] !== undefined) ? metadata : undefined;
}

/** Characters, not code units: a pair is never torn. */
function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return Array.from(text.slice(0, limit * 2))
    .slice(0, limit)
    .join('');
}

function isSpdx(expression: string): boolean {
  try {
    parseSpdx(expression);
    return true;
  } catch {
    return false;
  }
}
