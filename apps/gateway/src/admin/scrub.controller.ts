import { Controller, Get, HttpCode, Patch, Post, Query, Req } from '@nestjs/common';
import { z } from 'zod';
import { type Actor, DAMAGES, ScrubControl, type ScrubPass } from '#registry';
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

const Pass = z.object({
  id: z.int(),
  requested_by: z.string().nullable().describe('null: by schedule'),
  started_at: z.string(),
  finished_at: z.string().nullable(),
  blobs: z.number(),
  bytes: z.number(),
  damaged: z.number(),
  healed: z.number().describe('Counted as missing before, and whole'),
});

const State = z.object({
  mode: z.enum(['on', 'off']),
  pace: z.number().describe('Bytes a second'),
  pass: Pass.nullable().describe('The newest, under way or over'),
});

const Missing = z.object({
  id: z.int(),
  digest: z.string(),
  size: z.number(),
  object_key: z.string().describe('Where its bytes are, if any: kept until a push brings others'),
  missing_since: z.string(),
  damage: z.enum(DAMAGES).nullable().describe('null: a read found its object gone or cut'),
  packages: z.array(z.string()).describe('That hold it, at most ten'),
});

const Passes = z.object({ passes: z.array(Pass), next: z.string().nullable() });
const Damaged = z.object({ blobs: z.array(Missing), next: z.string().nullable() });
const Started = z.object({ id: z.int() });

/** Objects hashed anew, in the background. */
@Controller('admin/v1/scrub')
export class ScrubController {
  constructor(private readonly scrub: ScrubControl) {}

  @Get()
  @OperatorsOnly()
  @Described({
    summary: 'Whether objects are hashed anew, how fast, and how far',
    answer: { status: 200, schema: State },
  })
  async show(): Promise<z.output<typeof State>> {
    const { items } = await this.scrub.passes({ limit: 1, after: undefined });
    return { ...(await this.scrub.settings()), pass: items[0] ? passAnswer(items[0]) : null };
  }

  /** `{"mode": "on" | "off", "pace": BYTES_A_SECOND}`, both optional. Errors: Problem 400. */
  @Patch()
  @OperatorsOnly()
  @Described({
    summary: 'Changes whether objects are hashed anew, and how fast',
    body: Change,
    answer: { status: 200, schema: State },
  })
  async change(@Req() request: GatewayRequest, @OperatorParam() operator: Actor): Promise<z.output<typeof State>> {
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
    answer: { status: 200, schema: Passes },
  })
  async passes(@Query('after') after: string | undefined): Promise<z.output<typeof Passes>> {
    const { items, next } = await this.scrub.passes({ limit: PER_PAGE, after });
    return { passes: items.map(passAnswer), next: next ?? null };
  }

  @Post('passes')
  @HttpCode(202)
  @OperatorsOnly()
  @Described({
    summary: 'Begins a pass now, unless one is under way; answers its id',
    answer: { status: 202, schema: Started },
  })
  async start(@OperatorParam() operator: Actor): Promise<z.output<typeof Started>> {
    return { id: await this.scrub.start(operator) };
  }

  /** By id, 100 a page; `?after=ID` for the next. */
  @Get('damaged')
  @OperatorsOnly()
  @Described({
    summary: 'Lists blobs whose object is damaged or gone, whoever found it: they count as absent',
    query: { after: 'ID to go on behind' },
    answer: { status: 200, schema: Damaged },
  })
  async damaged(@Query('after') after: string | undefined): Promise<z.output<typeof Damaged>> {
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

const passAnswer = (pass: ScrubPass): z.output<typeof Pass> => ({
  id: pass.id,
  requested_by: pass.requestedBy ?? null,
  started_at: pass.startedAt.toISOString(),
  finished_at: pass.finishedAt?.toISOString() ?? null,
  blobs: pass.blobs,
  bytes: pass.bytes,
  damaged: pass.damaged,
  healed: pass.healed,
});
