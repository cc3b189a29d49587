import { Controller, Get } from '@nestjs/common';
import { z } from 'zod';
import type { Actor } from '#registry';
import { Described } from '../http/described.js';
import { OperatorParam, OperatorsOnly } from './operator.guard.js';

const Me = z.object({ login: z.string(), token_id: z.int().nullable() });

/** Who asks: what a program tries a token with before it keeps it. */
@Controller('admin/v1/me')
export class MeController {
  @Get()
  @OperatorsOnly()
  @Described({ summary: 'The operator whose token this is', answer: { status: 200, schema: Me } })
  show(@OperatorParam() { login, tokenId }: Actor): z.output<typeof Me> {
    return { login, token_id: tokenId ?? null };
  }
}
