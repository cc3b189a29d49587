import { fail } from './errors/registry-error.js';

/** `algorithm:hex` of an algorithm that Berth computes (image-spec, "Digests"). Only `parseDigest` makes one of a client's text. */
export type Digest = `${DigestAlgorithm}:${string}`;

export type DigestAlgorithm = 'sha256' | 'sha512';

const PATTERN = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;

export function isDigest(text: string): text is Digest {
  return PATTERN.test(text);
}

/** Errors: DIGEST_INVALID for another algorithm, length or case than sha256 and sha512 have. */
export function parseDigest(text: string): Digest {
  return isDigest(text)
    ? text
    : fail('DIGEST_INVALID', { digest: text.slice(0, 256), expected: 'sha256:<64 hex> or sha512:<128 hex>' });
}

/** Errors: DIGEST_INVALID for an algorithm that Berth does not compute. */
export function parseDigestAlgorithm(text: string): DigestAlgorithm {
  return text === 'sha256' || text === 'sha512'
    ? text
    : fail('DIGEST_INVALID', { algorithm: text.slice(0, 64), supported: ['sha256', 'sha512'] });
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha256:') ? 'sha256' : 'sha512';
}
