import { Controller, Get, HttpCode, Post, Query, Req } from '@nestjs/common';
import { z } from 'zod';
import { type DeletionAnswer, DeletionsAnswer, RetriedAnswer } from '#contracts';
import { type Actor, type WaitingDeletion, WaitingDeletions } from '#registry';
import { Described } from '../http/described.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { readJson } from './json-body.js';
import { OperatorParam, OperatorsOnly } from './operator.guard.js';

const PER_PAGE = 100;

const Retry = z.strictObject({ object_key: z.string().min(1).max(1024).optional() });

/** Objects that are let go of and still to be deleted from the store. */
@Controller('admin/v1/object-deletions')
export class ObjectDeletionsController {
  constructor(private readonly deletions: WaitingDeletions) {}

  /** By the time before which they stay: what is overdue, and perhaps fails, first. 100 a page; `?after=NEXT`. */
  @Get()
  @OperatorsOnly()
  @Described({
    summary: 'Lists objects that wait to be deleted, those first whose time came first',
    query: { after: '`next` of the page before' },
    answer: { status: 200, schema: DeletionsAnswer },
  })
  async list(@Query('after') after: string | undefined): Promise<DeletionsAnswer> {
    const { items, next } = await this.deletions.list({ limit: PER_PAGE, after });
    return { deletions: items.map(answerOf), next: next ?? null };
  }

  /** `{"object_key": KEY}`, optional: that one only. Never before its time. Errors: Problem 400. */
  @Post('retry')
  @HttpCode(200)
  @OperatorsOnly()
  @Described({
    summary: 'Tries those again at once that are due and were tried in vain, 10,000 at most',
    body: Retry,
    answer: { status: 200, schema: RetriedAnswer },
  })
  async retry(@Req() request: GatewayRequest, @OperatorParam() operator: Actor): Promise<RetriedAnswer> {
    const { object_key: objectKey } = await readJson(request, Retry, '{}');
    return { retried: await this.deletions.retry(objectKey, operator) };
  }
}

const answerOf = (deletion: WaitingDeletion): DeletionAnswer => ({
  object_key: deletion.objectKey,
  size: deletion.size ?? null,
  not_before: deletion.notBefore.toISOString(),
  again_at: deletion.againAt?.toISOString() ?? null,
  repeat: deletion.isRepeat,
  stray: deletion.isStray,
  tried_at: deletion.triedAt?.toISOString() ?? null,
  tries: deletion.tries,
});
