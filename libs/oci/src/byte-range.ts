/** Bytes `start` to `end` of a blob, both inclusive. */
export interface ByteRange {
  start: number;
  end: number;
}

const SINGLE = /^bytes=([0-9]*)-([0-9]*)$/;

/**
 * What a `Range` header asks of `size` bytes (RFC 9110 section 14): a range, `unsatisfiable`, or undefined for
 * "send the whole". Another unit, a malformed value and several ranges at once are ignored, as the RFC allows.
 */
export function parseByteRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const match = header === undefined ? null : SINGLE.exec(header.trim());
  if (!match) return undefined;
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return undefined;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  return start > end || start >= size ? 'unsatisfiable' : { start, end };
}
