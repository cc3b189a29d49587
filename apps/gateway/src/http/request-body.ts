import type { IncomingMessage } from 'node:http';
import { fail } from '#oci';
import { boundedStream } from './bounded-stream.js';

/**
 * Reads a whole body into memory, at most `limit` bytes; the rest of a larger one is left.
 * Errors: SIZE_INVALID with status 413.
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = () => fail('SIZE_INVALID', { reason: `at most ${limit} bytes` }, { status: 413 });
  if (Number(request.headers['content-length'] ?? 0) > limit) return tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of boundedStream(request)) {
    size += chunk.length;
    if (size > limit) return tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
