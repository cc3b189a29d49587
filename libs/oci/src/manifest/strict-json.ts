import { LosslessNumber, parse } from 'lossless-json';
import { fail } from '../errors/registry-error.js';

/** Nested image indexes and annotations need a handful of levels; more is an attack on the parser's stack. */
const MAX_DEPTH = 64;

/**
 * Reads a manifest so that no two readers can see two documents in it: UTF-8 without a byte order mark, one JSON object,
 * no key twice, numbers that JavaScript would round kept as `LosslessNumber` (which no field accepts).
 * Errors: MANIFEST_INVALID.
 */
export function parseStrictJson(bytes: Uint8Array): Record<string, unknown> {
  const text = decode(bytes);
  assertDepth(text);
  let value: unknown;
  try {
    value = parse(text, undefined, {
      parseNumber: exactNumber,
      onDuplicateKey: ({ key }) =>
        fail('MANIFEST_INVALID', { reason: `key ${JSON.stringify(key.slice(0, 64))} stands twice` }),
    });
  } catch (error) {
    if (error instanceof SyntaxError) fail('MANIFEST_INVALID', { reason: `not JSON: ${error.message.slice(0, 200)}` });
    throw error;
  }
  return isObject(value) ? value : fail('MANIFEST_INVALID', { reason: 'not a JSON object' });
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof LosslessNumber);
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail('MANIFEST_INVALID', { reason: 'not UTF-8' });
  }
}

const WHOLE = /^-?(?:0|[1-9][0-9]*)$/;

function exactNumber(text: string): number | LosslessNumber {
  const value = Number(text);
  return WHOLE.test(text) && Number.isSafeInteger(value) ? value : new LosslessNumber(text);
}

function assertDepth(text: string): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (inString) {
      if (char === 0x5c) i++;
      else if (char === 0x22) inString = false;
    } else if (char === 0x22) inString = true;
    else if (char === 0x7b || char === 0x5b) {
      if (++depth > MAX_DEPTH) fail('MANIFEST_INVALID', { reason: `nested deeper than ${MAX_DEPTH} levels` });
    } else if (char === 0x7d || char === 0x5d) depth--;
  }
}
