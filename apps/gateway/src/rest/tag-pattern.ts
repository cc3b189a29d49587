import { RE2JS } from 're2js';
import { z } from 'zod';

/** An expression that whole tags are held against. */
export const TagPattern = z
  .string()
  .min(1)
  .max(256)
  .refine((pattern) => Buffer.byteLength(pattern) <= 256, 'at most 256 bytes')
  .refine(isExpression, 'no regular expression in the syntax of RE2')
  .meta({ description: 'Regular expression (RE2) that the whole tag must match' });

function isExpression(pattern: string): boolean {
  if (pattern.includes('\0')) return false;
  try {
    RE2JS.compile(pattern);
    return true;
  } catch {
    return false;
  }
}
