import { Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { z } from 'zod';
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
const Started = z.object({ id: z.int() });

const Run = z.object({
  id: z.int(),
  state: z.enum(['queued', 'running', 'done', 'failed']),
  dry_run: z.boolean().describe('Reports only: marks nothing missing, deletes nothing'),
  requested_by: z.string().nullable().describe('null: by schedule'),
  created_at: z.string(),
  started_at: z.string().nullable(),
  finished_at: z.string().nullable(),
  error: z.string().nullable().describe('Why it failed, or what it is waiting out'),
  progress: z.number().describe('From 0 to 1'),
  objects: z.object({ count: z.number(), bytes: z.number() }),
  unknown_objects: z.object({ count: z.number(), bytes: z.number() }),
  missing_blobs: z.number(),
  blobs_of_wrong_size: z.number(),
  uploads: z.number().describe('Multipart uploads that are open in the store'),
  stray_uploads: z.number().describe('Those among them that nobody knows'),
  findings: z.number().describe('How many are kept: the first 10,000'),
});

const Finding = z.object({
  id: z.int(),
  kind: z.enum(FINDING_KINDS),
  object_key: z.string(),
  digest: z.string().nullable(),
  size: z.number().nullable().describe('Bytes in the store; null where nothing is there'),
  expected_size: z.number().nullable(),
  delete_at: z.string().nullable().describe('When it is deleted; null where this run deletes nothing'),
  packages: z.array(z.string()).describe('That hold the blob now, at most ten'),
});

const Runs = z.object({ runs: z.array(Run), next: z.string().nullable() });
const Findings = z.object({ findings: z.array(Finding), next: z.string().nullable() });

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
    answer: { status: 202, schema: Started },
  })
  async start(@Req() request: GatewayRequest, @OperatorParam() operator: Actor): Promise<z.output<typeof Started>> {
    const { dry_run: isDryRun } = await readJson(request, NewRun, '{}');
    return { id: await this.runs.start(isDryRun, operator) };
  }

  /** Newest first, 100 a page; `?after=ID` for the next. */
  @Get()
  @OperatorsOnly()
  @Described({
    summary: 'Lists comparisons, the newest first',
    query: { after: 'ID to go on behind' },
    answer: { status: 200, schema: Runs },
  })
  async list(@Query('after') after: string | undefined): Promise<z.output<typeof Runs>> {
    const { items, next } = await this.runs.list({ limit: PER_PAGE, after });
    return { runs: items.map(runAnswer), next: next ?? null };
  }

  /** Errors: Problem 404; old runs are forgotten. */
  @Get(':id')
  @OperatorsOnly()
  @Described({ summary: 'A comparison, and how far it is', answer: { status: 200, schema: Run } })
  async find(@Param('id') id: string): Promise<z.output<typeof Run>> {
    return runAnswer(await this.get(id));
  }

  /** In the order of finding, 100 a page. Errors: Problem 404; 400 for a kind that there is not. */
  @Get(':id/findings')
  @OperatorsOnly()
  @Described({
    summary: 'Lists what a comparison found',
    query: { kind: `Only these: ${FINDING_KINDS.join(', ')}`, after: 'ID to go on behind' },
    answer: { status: 200, schema: Findings },
    errors: { 400: 'there is no such kind' },
  })
  async findings(
    @Param('id') id: string,
    @Query('kind') kind: string | undefined,
    @Query('after') after: string | undefined,
  ): Promise<z.output<typeof Findings>> {
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

const runAnswer = (run: ReconcileRun): z.output<typeof Run> => ({
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

const findingAnswer = (finding: ReconcileFinding): z.output<typeof Finding> => ({
  id: finding.id,
  kind: finding.kind,
  object_key: finding.objectKey,
  digest: finding.digest ?? null,
  size: finding.size ?? null,
  expected_size: finding.expectedSize ?? null,
  delete_at: finding.deleteAt?.toISOString() ?? null,
  packages: finding.packages,
});
