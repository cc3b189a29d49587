import { fail } from './errors/registry-error.js';

/** Bytes `start` to `end` of an upload, both inclusive. */
export interface ContentRange {
  start: number;
  end: number;
}

const PATTERN = /^([0-9]{1,16})-([0-9]{1,16})$/;

/**
 * The chunk's place as distribution-spec end-5 writes it: `<start>-<end>`, no unit, no total.
 * Errors: BLOB_UPLOAD_INVALID for another form.
 */
export function parseContentRange(text: string): ContentRange {
  const match = PATTERN.exec(text);
  const start = Number(match?.[1]);
  const end = Number(match?.[2]);
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || end < start) {
    fail('BLOB_UPLOAD_INVALID', { contentRange: text.slice(0, 64), expected: '<start>-<end>, both inclusive' });
  }
  return { start, end };
}
