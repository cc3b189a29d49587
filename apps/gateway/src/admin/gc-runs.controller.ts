import { Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { z } from 'zod';
import { duration } from '#config';
import { GcLogAnswer, GcRunAnswer, GcRunsAnswer, StartedAnswer } from '#contracts';
import { type Actor, GC_KINDS, GC_STEPS, type GcRun, GcRuns } from '#registry';
import { Described } from '../http/described.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { logAnswer } from './gc-log.js';
import { readJson } from './json-body.js';
import { OperatorParam, OperatorsOnly } from './operator.guard.js';
import { Problem } from './problem.js';

const PER_PAGE = 100;
const MAX_GRACE = 2 ** 31 - 1;

const NewRun = z.strictObject({
  grace: duration.refine((seconds) => seconds <= MAX_GRACE, 'is too long').optional(),
  dry_run: z.boolean().default(false),
});

/** Runs of garbage collection. */
@Controller('admin/v1/gc/runs')
export class GcRunsController {
  constructor(private readonly runs: GcRuns) {}

  /** Asks for a run: `{"grace": "0s", "dry_run": true}`, both optional. Errors: Problem 400. */
  @Post()
  @HttpCode(202)
  @OperatorsOnly()
  @Described({ summary: 'Asks for a run of collection', body: NewRun, answer: { status: 202, schema: StartedAnswer } })
  async start(@Req() request: GatewayRequest, @OperatorParam() operator: Actor): Promise<StartedAnswer> {
    const { grace, dry_run: isDryRun } = await readJson(request, NewRun, '{}');
    return { id: await this.runs.start({ grace, isDryRun }, operator) };
  }

  /** Newest first, 100 a page; `?after=ID` for the next. */
  @Get()
  @OperatorsOnly()
  @Described({
    summary: 'Lists runs, the newest first',
    query: { after: 'ID to go on behind' },
    answer: { status: 200, schema: GcRunsAnswer },
  })
  async list(@Query('after') after: string | undefined): Promise<GcRunsAnswer> {
    const { items, next } = await this.runs.list({ limit: PER_PAGE, after });
    return { runs: items.map(answerOf), next: next ?? null };
  }

  /** Errors: Problem 404; old runs are forgotten. */
  @Get(':id')
  @OperatorsOnly()
  @Described({ summary: 'A run, and what it did so far', answer: { status: 200, schema: GcRunAnswer } })
  async find(@Param('id') id: string): Promise<GcRunAnswer> {
    return answerOf(await this.get(id));
  }

  /** What the run took away and why, or would have; newest first, 100 a page. Errors: Problem 404. */
  @Get(':id/log')
  @OperatorsOnly()
  @Described({
    summary: 'Lists what a run took away and why, or would have',
    query: { after: 'ID to go on behind' },
    answer: { status: 200, schema: GcLogAnswer },
  })
  async log(@Param('id') id: string, @Query('after') after: string | undefined): Promise<GcLogAnswer> {
    const { id: runId } = await this.get(id);
    const { items, next } = await this.runs.entries(runId, { limit: PER_PAGE, after });
    return { log: items.map(logAnswer), next: next ?? null };
  }

  private async get(id: string): Promise<GcRun> {
    const run = /^[0-9]{1,9}$/.test(id) ? await this.runs.find(Number(id)) : undefined;
    if (!run) throw new Problem(404, 'No such run');
    return run;
  }
}

function answerOf(run: GcRun): GcRunAnswer {
  const counted = new Map(
    run.counts.map(({ kind, count, bytes, freed }): [string, GcRunAnswer['counts'][string]] => [
      kind,
      { count, bytes, ...(freed && { freed }) },
    ]),
  );
  return {
    id: run.id,
    state: run.state,
    step: run.step === undefined ? 0 : GC_STEPS.indexOf(run.step) + 1,
    steps: GC_STEPS.length,
    doing: run.step ?? null,
    dry_run: run.isDryRun,
    grace: run.grace ?? null,
    requested_by: run.requestedBy,
    created_at: run.createdAt.toISOString(),
    started_at: run.startedAt?.toISOString() ?? null,
    finished_at: run.finishedAt?.toISOString() ?? null,
    error: run.error ?? null,
    counts: Object.fromEntries(GC_KINDS.map((kind) => [kind, counted.get(kind) ?? { count: 0, bytes: 0 }])),
  };
}
