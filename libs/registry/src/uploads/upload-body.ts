import { type ContentRange, fail } from '#oci';

/** A request's body on its way in. */
export interface UploadBody {
  stream: AsyncIterable<Uint8Array>;
  /** Content-Length; undefined for a chunked body. */
  length: number | undefined;
  range: ContentRange | undefined;
}

/** What operators allow. */
export class UploadLimits {
  /** `maxBlobSize` in bytes; undefined for no limit. */
  constructor(readonly maxBlobSize: number | undefined) {}
}

/** The length that the client announced, by either header. Errors: SIZE_INVALID when the two disagree. */
export function announcedLength({ length, range }: UploadBody): number | undefined {
  if (!range) return length;
  const expected = range.end - range.start + 1;
  if (length !== undefined && length !== expected) {
    fail('SIZE_INVALID', { contentLength: length, contentRange: `${range.start}-${range.end}` });
  }
  return expected;
}

/**
 * The body's chunks, held to its announced length and to the largest blob allowed.
 * Errors: SIZE_INVALID; with status 413 past `maxBlobSize`.
 */
export async function* boundedChunks(
  body: UploadBody,
  offset: number,
  maxBlobSize: number | undefined,
): AsyncGenerator<Uint8Array> {
  const expected = announcedLength(body);
  assertBlobSize(offset + (expected ?? 0), maxBlobSize);
  let received = 0;
  for await (const chunk of body.stream) {
    received += chunk.length;
    if (expected !== undefined && received > expected) fail('SIZE_INVALID', { expected, received });
    assertBlobSize(offset + received, maxBlobSize);
    yield chunk;
  }
  if (expected !== undefined && received < expected) fail('SIZE_INVALID', { expected, received });
}

/** Errors: SIZE_INVALID with status 413. */
export function assertBlobSize(size: number, maxBlobSize: number | undefined): void {
  if (maxBlobSize !== undefined && size > maxBlobSize) {
    fail('SIZE_INVALID', { reason: `blobs are at most ${maxBlobSize} bytes here` }, { status: 413 });
  }
}
