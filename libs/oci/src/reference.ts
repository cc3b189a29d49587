import { type Digest, parseDigest } from './digest.js';
import { fail } from './errors/registry-error.js';

/** What names a manifest: a tag or a digest. */
export type Reference = { kind: 'tag'; tag: string } | { kind: 'digest'; digest: Digest };

const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** Errors: MANIFEST_INVALID for what cannot be a tag (the specification has no code of its own for it). */
export function parseTag(text: string): string {
  return TAG.test(text)
    ? text
    : fail('MANIFEST_INVALID', {
        tag: text.slice(0, 128),
        expected: 'letters, digits, _ . -, not beginning with . or -, 128 characters at most',
      });
}

/** A colon stands in every digest and in no tag. Errors: DIGEST_INVALID, MANIFEST_INVALID. */
export function parseReference(text: string): Reference {
  return text.includes(':') ? { kind: 'digest', digest: parseDigest(text) } : { kind: 'tag', tag: parseTag(text) };
}
