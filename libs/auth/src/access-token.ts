import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Publish this to secret scanners: `berth_pat_[0-9A-Za-z]{38}`; the last six characters are a checksum. */
const TOKEN_PREFIX = 'berth_pat_';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SECRET_LENGTH = 32; // 190 bits
const CHECKSUM_LENGTH = 6;
const PATTERN = new RegExp(`^${TOKEN_PREFIX}([0-9A-Za-z]{${SECRET_LENGTH}})([0-9A-Za-z]{${CHECKSUM_LENGTH}})$`);

/** A new personal access token: prefix, random base62, checksum. It is shown once; only `hashToken` of it is kept. */
export function createAccessToken(): string {
  let secret = '';
  while (secret.length < SECRET_LENGTH) {
    for (const byte of randomBytes(64)) {
      // 248 is the largest multiple of 62 in a byte: what lies above would favour some letters.
      if (byte < 248 && secret.length < SECRET_LENGTH) secret += ALPHABET[byte % 62];
    }
  }
  return TOKEN_PREFIX + secret + checksum(secret);
}

/** False for a token that was mistyped or made up: no look-up is worth it. Tokens of other forms are an operator's own. */
export function isPlausibleToken(token: string): boolean {
  const match = PATTERN.exec(token);
  return match?.[1] === undefined ? token.length >= MIN_OPERATOR_TOKEN : checksum(match[1]) === match[2];
}

/** Shortest BERTH_ADMIN_TOKEN. */
const MIN_OPERATOR_TOKEN = 20;

/** What the database keeps: a fast hash is right for a secret of 190 random bits. */
export function hashToken(token: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(token).digest());
}

function checksum(secret: string): string {
  let rest = crc32(secret);
  let text = '';
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    text = ALPHABET[rest % 62] + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}
