import { Controller, Get, HttpCode, Patch, Post, Query, Req } from '@nestjs/common';
import { z } from 'zod';
import { GcControlAnswer, GcLogAnswer } from '#contracts';
import { type Actor, type GcControl, GcRuns } from '#registry';
import { Described } from '../http/described.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { logAnswer } from './gc-log.js';
import { readJson } from './json-body.js';
import { OperatorParam, OperatorsOnly } from './operator.guard.js';

const PER_PAGE = 100;

const Change = z.strictObject({
  mode: z.enum(['on', 'paused', 'off']).optional(),
  pace: z.int().min(1).max(1_000_000).nullable().optional(),
});

/** Whether garbage is collected, and how fast. Every worker sees a change before its next batch. */
@Controller('admin/v1/gc')
export class GcController {
  constructor(private readonly runs: GcRuns) {}

  @Get()
  @OperatorsOnly()
  @Described({
    summary: 'Whether garbage is collected, and how fast',
    answer: { status: 200, schema: GcControlAnswer },
  })
  async show(): Promise<GcControlAnswer> {
    return answerOf(await this.runs.control());
  }

  /** `{"mode": "on" | "paused" | "off", "pace": N | null}`, both optional. Errors: Problem 400. */
  @Patch()
  @OperatorsOnly()
  @Described({
    summary: 'Changes whether garbage is collected, and how fast',
    body: Change,
    answer: { status: 200, schema: GcControlAnswer },
  })
  async change(@Req() request: GatewayRequest, @OperatorParam() operator: Actor): Promise<GcControlAnswer> {
    const { mode, pace } = await readJson(request, Change);
    return answerOf(
      await this.runs.changeControl({ mode, pace: pace === null ? 'as fast as it goes' : pace }, operator),
    );
  }

  @Post('pause')
  @HttpCode(200)
  @OperatorsOnly()
  @Described({ summary: 'Pauses collection', answer: { status: 200, schema: GcControlAnswer } })
  async pause(@OperatorParam() operator: Actor): Promise<GcControlAnswer> {
    return answerOf(await this.runs.changeControl({ mode: 'paused', pace: undefined }, operator));
  }

  @Post('resume')
  @HttpCode(200)
  @OperatorsOnly()
  @Described({ summary: 'Goes on with collection', answer: { status: 200, schema: GcControlAnswer } })
  async resume(@OperatorParam() operator: Actor): Promise<GcControlAnswer> {
    return answerOf(await this.runs.changeControl({ mode: 'on', pace: undefined }, operator));
  }

  /** What was collected and why, by runs and by schedule; newest first, 100 a page, `?after=ID` for the next. */
  @Get('log')
  @OperatorsOnly()
  @Described({
    summary: 'Lists what was collected and why, the newest first',
    query: { after: 'ID to go on behind' },
    answer: { status: 200, schema: GcLogAnswer },
  })
  async log(@Query('after') after: string | undefined): Promise<GcLogAnswer> {
    const { items, next } = await this.runs.entries(undefined, { limit: PER_PAGE, after });
    return { log: items.map(logAnswer), next: next ?? null };
  }
}

const answerOf = ({ mode, pace }: GcControl): GcControlAnswer => ({ mode, pace: pace ?? null });
