import { Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { z } from 'zod';
import { type FindingAnswer, FindingsAnswer, ReconcileRunAnswer, ReconcileRunsAnswer, StartedAnswer } from '#contracts';
import {
  type Actor,
  FINDING_KINDS,
  type FindingKind,
  type ReconcileFinding,
  type ReconcileRun,
  ReconcileRuns,
} from '#registry';
import { Described } from '../http/described.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { readJson } from './json-body.js';
import { OperatorParam, OperatorsOnly } from './operator.guard.js';
import { Problem } from './problem.js';

const PER_PAGE = 100;

const NewRun = z.strictObject({ dry_run: z.boolean().default(false) });
/** Comparisons of the object store with the database. */
@Controller('admin/v1/reconcile/runs')
export class ReconcileRunsController {
  constructor(private readonly runs: ReconcileRuns) {}

  /** Asks for a run: `{"dry_run": true}`, optional. Errors: Problem 400. */
  @Post()
  @HttpCode(202)
  @OperatorsOnly()
  @Described({
    summary: 'Asks for a comparison of the object store with the database',
    body: NewRun,
    answer: { status: 202, schema: StartedAnswer },
  })
  async start(@Req() request: GatewayRequest, @OperatorParam() operator: Actor): Promise<StartedAnswer> {
    const { dry_run: isDryRun } = await readJson(request, NewRun, '{}');
    return { id: await this.runs.start(isDryRun, operator) };
  }

  /** Newest first, 100 a page; `?after=ID` for the next. */
  @Get()
  @OperatorsOnly()
  @Described({
    summary: 'Lists comparisons, the newest first',
    query: { after: 'ID to go on behind' },
    answer: { status: 200, schema: ReconcileRunsAnswer },
  })
  async list(@Query('after') after: string | undefined): Promise<ReconcileRunsAnswer> {
    const { items, next } = await this.runs.list({ limit: PER_PAGE, after });
    return { runs: items.map(runAnswer), next: next ?? null };
  }

  /** Errors: Problem 404; old runs are forgotten. */
  @Get(':id')
  @OperatorsOnly()
  @Described({ summary: 'A comparison, and how far it is', answer: { status: 200, schema: ReconcileRunAnswer } })
  async find(@Param('id') id: string): Promise<ReconcileRunAnswer> {
    return runAnswer(await this.get(id));
  }

  /** In the order of finding, 100 a page. Errors: Problem 404; 400 for a kind that there is not. */
  @Get(':id/findings')
  @OperatorsOnly()
  @Described({
    summary: 'Lists what a comparison found',
    query: { kind: `Only these: ${FINDING_KINDS.join(', ')}`, after: 'ID to go on behind' },
    answer: { status: 200, schema: FindingsAnswer },
    errors: { 400: 'there is no such kind' },
  })
  async findings(
    @Param('id') id: string,
    @Query('kind') kind: string | undefined,
    @Query('after') after: string | undefined,
  ): Promise<FindingsAnswer> {
    if (kind !== undefined && !isKind(kind)) {
      throw new Problem(400, 'No such kind of finding', `kind must be one of ${FINDING_KINDS.join(', ')}.`);
    }
    const { id: runId } = await this.get(id);
    const { items, next } = await this.runs.findings(runId, kind, { limit: PER_PAGE, after });
    return { findings: items.map(findingAnswer), next: next ?? null };
  }

  private async get(id: string): Promise<ReconcileRun> {
    const run = /^[0-9]{1,9}$/.test(id) ? await this.runs.find(Number(id)) : undefined;
    if (!run) throw new Problem(404, 'No such run');
    return run;
  }
}

const isKind = (kind: string): kind is FindingKind => (FINDING_KINDS as readonly string[]).includes(kind);

const runAnswer = (run: ReconcileRun): ReconcileRunAnswer => ({
  id: run.id,
  state: run.state,
  dry_run: run.isDryRun,
  requested_by: run.requestedBy ?? null,
  created_at: run.createdAt.toISOString(),
  started_at: run.startedAt?.toISOString() ?? null,
  finished_at: run.finishedAt?.toISOString() ?? null,
  error: run.error ?? null,
  progress: run.progress,
  objects: { count: run.objects, bytes: run.bytes },
  unknown_objects: { count: run.unknownObjects, bytes: run.unknownBytes },
  missing_blobs: run.missing,
  blobs_of_wrong_size: run.wrongSize,
  uploads: run.uploads,
  stray_uploads: run.strayUploads,
  findings: run.kept,
});

const findingAnswer = (finding: ReconcileFinding): FindingAnswer => ({
  id: finding.id,
  kind: finding.kind,
  object_key: finding.objectKey,
  digest: finding.digest ?? null,
  size: finding.size ?? null,
  expected_size: finding.expectedSize ?? null,
  delete_at: finding.deleteAt?.toISOString() ?? null,
  packages: finding.packages,
});
