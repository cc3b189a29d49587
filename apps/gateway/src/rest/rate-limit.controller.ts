import { Controller, Get } from '@nestjs/common';
import { Described } from '../http/described.js';
import { type RateLimit, rateLimit } from './rate-limit.js';
import { RestAccess } from './rest-access.js';

/** What clean-up tools ask first, to learn whether their token is good. */
@Controller('api/v3')
export class RateLimitController {
  @Get('rate_limit')
  @RestAccess('anyone')
  @Described({ summary: 'How many calls are left: no call is limited today', answer: { status: 200 } })
  get(): { resources: Record<string, RateLimit>; rate: RateLimit } {
    const core = rateLimit();
    return { resources: { core }, rate: core };
  }
}
