import { z } from 'zod';
import { fail, isDigest } from '#oci';
import { type DirectUpload, partCountOf, type Repository, type SentPart, type SignDirectUpload } from '#registry';
import type { GatewayRequest } from '../../http/gateway-request.js';
import { readBody } from '../../http/request-body.js';

/** Bodies of direct uploads, as `docs/direct-uploads.openapi.json` describes them. */

const MAX_BODY_BYTES = 2 * 1024 * 1024; // 10,000 parts with their ETags

export const OPENING = z.strictObject({
  digest: z.string().refine(isDigest, 'must be a sha256 or sha512 digest'),
  size: z.int().min(0),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')
    .optional(),
  in_parts: z.boolean().default(false),
});

/** No `#`: behind one Berth keeps the checksum of a part that it wrote itself. */
const ETAG = /^[!"$-~]{1,200}$/;

export const COMMIT = z.strictObject({
  parts: z
    .array(z.strictObject({ number: z.int().min(1).max(10_000), etag: z.string().regex(ETAG) }))
    .max(10_000)
    .default([]) satisfies z.ZodType<SentPart[]>,
});

/** Reads a JSON body of this shape; no body is an empty object. Errors: BLOB_UPLOAD_INVALID, DIGEST_INVALID. */
export async function readShape<T extends z.ZodType>(request: GatewayRequest, shape: T): Promise<z.output<T>> {
  const text = (await readBody(request.raw, MAX_BODY_BYTES)).toString('utf8');
  let value: unknown;
  try {
    value = text === '' ? {} : JSON.parse(text);
  } catch {
    return fail('BLOB_UPLOAD_INVALID', { reason: 'the body is not JSON' });
  }
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') || 'body';
  return fail(field === 'digest' ? 'DIGEST_INVALID' : 'BLOB_UPLOAD_INVALID', { field, reason: issue?.message });
}

export const directLocation = (repository: Repository, { sessionId }: { sessionId: string }): string =>
  `/v2/${repository.name}/_berth/uploads/${sessionId}`;

type Signed = Awaited<ReturnType<SignDirectUpload['run']>>;

/** A direct upload as clients see it. */
export function uploadShape(upload: DirectUpload): Record<string, unknown> {
  return {
    id: upload.sessionId,
    state: upload.state,
    digest: upload.digest,
    size: upload.size,
    hashed_bytes: upload.state === 'done' ? upload.size : upload.hashed.offset,
    part_count: partCountOf(upload),
    ...(upload.partSize !== undefined && { part_size: upload.partSize }),
    ...(upload.actual !== undefined && { actual_digest: upload.actual }),
  };
}

/** Requests to send, and where to have the next ones signed. */
export function requestsShape(repository: Repository, upload: DirectUpload, signed: Signed): Record<string, unknown> {
  const last = signed.at(-1)?.number ?? 0;
  return {
    ...uploadShape(upload),
    requests: signed.map(({ number, offset, size, method, url, headers, expiresAt }) => ({
      ...{ number, offset, size, method, url, headers },
      expires_at: expiresAt.toISOString(),
    })),
    ...(last > 0 && last < partCountOf(upload) && { next: `${directLocation(repository, upload)}?part=${last + 1}` }),
  };
}
