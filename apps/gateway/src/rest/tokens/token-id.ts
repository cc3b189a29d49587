import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { notFound } from '../rest-refusal.js';
import type { RestRequest } from '../rest-request.js';

/** `:token_id` of the path. Errors: RestRefusal 404. */
export const TokenIdParam = createParamDecorator((_: unknown, context: ExecutionContext): number => {
  const text = context.switchToHttp().getRequest<RestRequest>().params.token_id ?? '';
  return /^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : notFound();
});
