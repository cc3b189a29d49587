import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Described } from '../http/described.js';
import { type RateLimit, rateLimitOf } from './rate-limit.js';
import { RestAccess } from './rest-access.js';

const Numbers = z.object({
  limit: z.int(),
  used: z.int(),
  remaining: z.int(),
  reset: z.int().meta({ description: 'Seconds since 1970' }),
  resource: z.string(),
});

/** What clean-up tools ask first, to learn whether their token is good. */
@Controller('api/v3')
export class RateLimitController {
  @Get('rate_limit')
  @RestAccess('anyone')
  @Described({
    summary: 'How many calls the caller has left',
    answer: { status: 200, schema: z.object({ resources: z.object({ core: Numbers }), rate: Numbers }) },
  })
  get(@Res({ passthrough: true }) reply: FastifyReply): { resources: { core: RateLimit }; rate: RateLimit } {
    const core = rateLimitOf(reply);
    return { resources: { core }, rate: core };
  }
}
