import { fail } from '../errors/registry-error.js';

/** Nested image indexes and annotations need a handful of levels. */
const MAX_DEPTH = 64;

/**
 * Reads a manifest so that no two readers can see two documents in it: UTF-8 without a byte order mark, one JSON object, no
 * key twice in one object, no deep nesting. Errors: MANIFEST_INVALID.
 */
export function parseStrictJson(bytes: Uint8Array): Record<string, unknown> {
  const text = decode(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return fail('MANIFEST_INVALID', { reason: `not JSON: ${(error as Error).message.slice(0, 200)}` });
  }
  if (!isObject(value)) return fail('MANIFEST_INVALID', { reason: 'not a JSON object' });
  assertUnambiguous(text);
  return value;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail('MANIFEST_INVALID', { reason: 'not UTF-8' });
  }
}

/** Strings, and the characters that open, close and follow on; everything between them says nothing about keys. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/** `JSON.parse` keeps the last of two equal keys, other readers the first. `text` is known to be JSON. */
function assertUnambiguous(text: string): void {
  const open: Array<Set<string> | undefined> = []; // keys of each object that is open; undefined for a list
  let isKey = false;
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') {
      if (open.push(token === '{' ? new Set() : undefined) > MAX_DEPTH) {
        fail('MANIFEST_INVALID', { reason: `nested deeper than ${MAX_DEPTH} levels` });
      }
      isKey = token === '{';
    } else if (token === '}' || token === ']') {
      open.pop();
      isKey = false;
    } else if (token === ',' || token === ':') {
      isKey = token === ',' && open.at(-1) !== undefined;
    } else if (isKey) {
      const key: string = JSON.parse(token);
      const keys = open.at(-1);
      if (keys?.has(key))
        fail('MANIFEST_INVALID', { reason: `the key ${JSON.stringify(key.slice(0, 64))} stands twice` });
      keys?.add(key);
    }
  }
}
