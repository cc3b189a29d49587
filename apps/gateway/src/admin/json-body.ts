import type { z } from 'zod';
import type { GatewayRequest } from '../http/gateway-request.js';
import { parseJsonText } from '../http/json-text.js';
import { readBody } from '../http/request-body.js';
import { Problem } from './problem.js';

const MAX_BYTES = 1024 * 1024;

/**
 * Reads a JSON body of exactly this shape: unknown fields are refused, not ignored. `none` stands for a body that is not
 * there. Errors: Problem 400.
 */
export async function readJson<T extends z.ZodType>(
  request: GatewayRequest,
  schema: T,
  none = '',
): Promise<z.output<T>> {
  const text = (await readBody(request.raw, MAX_BYTES)).toString('utf8') || none;
  const read = parseJsonText(text);
  if ('problem' in read) throw new Problem(400, 'The body cannot be read', read.problem);
  const result = schema.safeParse(read.value);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  throw new Problem(400, 'The body does not fit', issues.join('; '));
}
