import { Controller, Get, HttpCode, Patch, Post, Query, Req } from '@nestjs/common';
import { z } from 'zod';
import { DamagedBlobsAnswer, ScrubAnswer, type ScrubPassAnswer, ScrubPassesAnswer, StartedAnswer } from '#contracts';
import { type Actor, ScrubControl, type ScrubPass } from '#registry';
import { Described } from '../http/described.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { readJson } from './json-body.js';
import { OperatorParam, OperatorsOnly } from './operator.guard.js';

const PER_PAGE = 100;
/** 1 TiB a second: as fast as it goes. */
const MAX_PACE = 2 ** 40;

const Change = z.strictObject({
  mode: z.enum(['on', 'off']).optional(),
  pace: z.int().min(1).max(MAX_PACE).optional(),
});

/** Objects hashed anew, in the background. */
@Controller('admin/v1/scrub')
export class ScrubController {
  constructor(private readonly scrub: ScrubControl) {}

  @Get()
  @OperatorsOnly()
  @Described({
    summary: 'Whether objects are hashed anew, how fast, and how far',
    answer: { status: 200, schema: ScrubAnswer },
  })
  async show(): Promise<ScrubAnswer> {
    const { items } = await this.scrub.passes({ limit: 1, after: undefined });
    return { ...(await this.scrub.settings()), pass: items[0] ? passAnswer(items[0]) : null };
  }

  /** `{"mode": "on" | "off", "pace": BYTES_A_SECOND}`, both optional. Errors: Problem 400. */
  @Patch()
  @OperatorsOnly()
  @Described({
    summary: 'Changes whether objects are hashed anew, and how fast',
    body: Change,
    answer: { status: 200, schema: ScrubAnswer },
  })
  async change(@Req() request: GatewayRequest, @OperatorParam() operator: Actor): Promise<ScrubAnswer> {
    const { mode, pace } = await readJson(request, Change);
    const before = await this.scrub.settings();
    await this.scrub.set({ mode: mode ?? before.mode, pace: pace ?? before.pace }, operator);
    return this.show();
  }

  /** Newest first, 100 a page; `?after=ID` for the next. */
  @Get('passes')
  @OperatorsOnly()
  @Described({
    summary: 'Lists passes over all blobs, the newest first',
    query: { after: 'ID to go on behind' },
    answer: { status: 200, schema: ScrubPassesAnswer },
  })
  async passes(@Query('after') after: string | undefined): Promise<ScrubPassesAnswer> {
    const { items, next } = await this.scrub.passes({ limit: PER_PAGE, after });
    return { passes: items.map(passAnswer), next: next ?? null };
  }

  @Post('passes')
  @HttpCode(202)
  @OperatorsOnly()
  @Described({
    summary: 'Begins a pass now, unless one is under way; answers its id',
    answer: { status: 202, schema: StartedAnswer },
  })
  async start(@OperatorParam() operator: Actor): Promise<StartedAnswer> {
    return { id: await this.scrub.start(operator) };
  }

  /** By id, 100 a page; `?after=ID` for the next. */
  @Get('damaged')
  @OperatorsOnly()
  @Described({
    summary: 'Lists blobs whose object is damaged or gone, whoever found it: they count as absent',
    query: { after: 'ID to go on behind' },
    answer: { status: 200, schema: DamagedBlobsAnswer },
  })
  async damaged(@Query('after') after: string | undefined): Promise<DamagedBlobsAnswer> {
    const { items, next } = await this.scrub.missing({ limit: PER_PAGE, after });
    const blobs = items.map((blob) => ({
      id: blob.id,
      digest: blob.digest,
      size: blob.size,
      object_key: blob.objectKey,
      missing_since: blob.since.toISOString(),
      damage: blob.damage ?? null,
      packages: blob.packages,
    }));
    return { blobs, next: next ?? null };
  }
}

const passAnswer = (pass: ScrubPass): ScrubPassAnswer => ({
  id: pass.id,
  requested_by: pass.requestedBy ?? null,
  started_at: pass.startedAt.toISOString(),
  finished_at: pass.finishedAt?.toISOString() ?? null,
  blobs: pass.blobs,
  bytes: pass.bytes,
  damaged: pass.damaged,
  healed: pass.healed,
});
