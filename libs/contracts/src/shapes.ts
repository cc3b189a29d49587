/** Schemas of the types that several ports speak of. */
import { z } from 'zod';
import { type Digest, isDigest, isRepositoryName, type RepositoryName } from '#oci';
import { VISIBILITIES } from '#registry';

export const id = z.int();
export const nothing = z.undefined();
export const bytes = z.instanceof(Uint8Array);
export const digest = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), 'must be a digest');
export const reference = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('tag'), tag: z.string() }),
  z.object({ kind: z.literal('digest'), digest }),
]);
export const repositoryName = z.custom<RepositoryName>(
  (value) => typeof value === 'string' && isRepositoryName(value),
  'must be a repository name',
);
export const digestAlgorithm = z.enum(['sha256', 'sha512']);
export const visibility = z.enum(VISIBILITIES);
export const packageRole = z.enum(['read', 'write', 'admin']);
export const memberRole = z.enum(['owner', 'member']);
export const objectKey = z.string().regex(/^[0-9a-f]{40}$/, 'must be an object key');

export const actor = z.object({
  principal: z.string(),
  userId: id.optional(),
  tokenId: id.optional(),
  address: z.string().optional(),
  login: z.string(),
  sourceId: id.optional(),
  isOverriding: z.boolean(),
});

export const viewer = z.object({ userId: id.optional(), tokenId: id });

export const manifestClass = z.enum(['image', 'index', 'attestation', 'signature', 'chart', 'build_cache', 'other']);

export const pageRequest = z.object({ limit: z.int(), after: z.string().optional() });
export const pageOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().optional() });

export const numberedPage = z.object({ limit: z.int(), offset: z.int(), after: z.string().optional() });
export const numberedListOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), total: z.int(), next: z.string().optional() });

/** What deleting frees. */
export const freedBytes = z.object({ exclusive: z.number(), shared: z.number() });

export const tooManyDownloads = z.object({ reason: z.literal('downloads'), downloads: z.int() });

export const descriptor = z.object({
  mediaType: z.string(),
  digest,
  size: z.int(),
  artifactType: z.string().optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

export const storedBlob = z.object({ digest, size: z.int(), objectKey });
export const storedPart = z.object({ number: z.int(), size: z.int(), etag: z.string() });

export const member = z.object({ id, login: z.string(), role: memberRole });

const text = z.exactOptional(z.string());

export const packageMetadata = z.object({
  source: text,
  description: text,
  licenses: text,
  url: text,
  documentation: text,
  version: text,
  revision: text,
  title: text,
  truncated: z.array(
    z.enum(['source', 'description', 'licenses', 'url', 'documentation', 'version', 'revision', 'title']),
  ),
  isSpdx: z.boolean(),
});
