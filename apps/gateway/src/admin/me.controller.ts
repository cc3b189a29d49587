import { Controller, Get } from '@nestjs/common';
import { MeAnswer } from '#contracts';
import type { Actor } from '#registry';
import { Described } from '../http/described.js';
import { OperatorParam, OperatorsOnly } from './operator.guard.js';

/** Who asks: what a program tries a token with before it keeps it. */
@Controller('admin/v1/me')
export class MeController {
  @Get()
  @OperatorsOnly()
  @Described({ summary: 'The operator whose token this is', answer: { status: 200, schema: MeAnswer } })
  show(@OperatorParam() { login, tokenId }: Actor): MeAnswer {
    return { login, token_id: tokenId ?? null };
  }
}
