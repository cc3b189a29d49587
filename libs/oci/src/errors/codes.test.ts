import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode } from './codes.js';

/** distribution-spec, "Error Codes": code-1 to code-14, in its order. */
const SPECIFIED = [
  'BLOB_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  'BLOB_UPLOAD_UNKNOWN',
  'DIGEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'SIZE_INVALID',
  'UNAUTHORIZED',
  'DENIED',
  'UNSUPPORTED',
  'TOOMANYREQUESTS',
];

const document = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
const section = (title: string) => document.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? '';

it('has the codes of the specification, all of them and no others', () => {
  expect(Object.keys(ERRORS)).toEqual(SPECIFIED);
});

describe('docs/errors.md', () => {
  const rows = [...section('The codes').matchAll(/^\| `([A-Z_]+)` \| ([0-9]{3}) \| (.+) \| (.+) \|$/gm)];

  it('lists every code with its status, and no others', () => {
    const table = Object.entries(ERRORS).map(([code, { status }]) => [code, String(status)]);
    expect(rows.map(([, code, status]) => [code, status])).toEqual(table);
  });

  it.each(rows.map(([, code, , when, remedy]) => ({ code, when, remedy })))(
    'says of $code when it comes and what to do',
    ({ when, remedy }) => {
      expect(when).toMatch(/\w.*\.$/);
      expect(remedy).toMatch(/\w.*\.$/);
    },
  );

  it('gives other statuses only to codes of the table', () => {
    const others = [...section('Other statuses of the same codes').matchAll(/^\| ([0-9]{3}) \| `([A-Z_]+)` \|/gm)];
    expect(others.length).toBeGreaterThan(0);
    for (const [, status, code] of others) {
      expect(SPECIFIED).toContain(code);
      expect(Number(status)).not.toBe(ERRORS[code as ErrorCode].status);
    }
  });
});
