import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { parseJsonText } from '../http/json-text.js';
import { readBody } from '../http/request-body.js';
import { RestRefusal } from './rest-refusal.js';

const MAX_BYTES = 1024 * 1024;

/** Reads a JSON body of this shape; none counts as `{}`, as on GitHub. Errors: RestRefusal 400. */
export async function readRestJson<T extends z.ZodType>(request: FastifyRequest, schema: T): Promise<z.output<T>> {
  const text = (await readBody(request.raw, MAX_BYTES)).toString('utf8');
  const read = parseJsonText(text || '{}');
  if ('problem' in read) throw new RestRefusal(400, `Problems parsing JSON: ${read.problem}`);
  const result = schema.safeParse(read.value);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  throw new RestRefusal(400, `The body does not fit: ${issues.join('; ')}`);
}
