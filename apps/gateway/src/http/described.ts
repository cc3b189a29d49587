import { SetMetadata } from '@nestjs/common';
import type { z } from 'zod';

/** What a route takes and gives, for its API's OpenAPI document; the same schemas read bodies and shape answers. */
export interface Description {
  summary: string;
  /** Query parameters, all of them optional, with what they mean. */
  query?: Record<string, string>;
  body?: z.ZodType;
  /** Status of success and its body; no schema where there is none. */
  answer: { status: number; schema?: z.ZodType };
  /** Other statuses, with when they come. 401, 403 and 404 go without saying. */
  errors?: Record<number, string>;
}

export const DESCRIPTION = 'berth:description';

/** Describes a route. */
export const Described = (description: Description) => SetMetadata(DESCRIPTION, description);
