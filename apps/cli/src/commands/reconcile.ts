import { type Command, Option } from 'commander';
import type { ReconcileRunAnswer } from '#contracts';
import type { AdminApi } from '../api/admin-api.js';
import { readPages } from '../api/pages.js';
import { type Commands, id, type ListOptions, listed } from '../command.js';
import { Failure } from '../failure.js';
import { facts, type Output } from '../output/output.js';
import { follow } from '../output/progress.js';
import { age, number, size, time } from '../output/words.js';

const KINDS = ['unknown_object', 'missing', 'wrong_size', 'stray_upload'];

export function addReconcile(program: Command, commands: Commands): void {
  const reconcile = program.command('reconcile').description('Comparisons of the object store with the database');

  reconcile
    .command('start')
    .description('Ask for a comparison')
    .option('--dry-run', 'report only: mark nothing missing, delete nothing')
    .option('--wait', 'follow the run to its end')
    .action(
      commands.remote<{ dryRun?: boolean; wait?: boolean }>(async ({ api, options, out }) => {
        const started = await api.startReconcile({ dry_run: options.dryRun ?? false });
        if (options.wait) return show(await followRun(api, String(started.id), out), out);
        out.show(started, () => `Run ${started.id} is asked for. Follow it: berth reconcile run ${started.id} --wait`);
      }),
    );

  reconcile
    .command('run')
    .description('Show a comparison, and how far it is')
    .argument('<id>', 'of berth reconcile history', id)
    .option('--wait', 'follow the run to its end')
    .action(
      commands.remote<{ wait?: boolean }>(async ({ api, args: [run = ''], options, out }) => {
        show(options.wait ? await followRun(api, run, out) : await api.reconcileRun(run), out);
      }),
    );

  listed(reconcile.command('history'))
    .description('List comparisons, the newest first')
    .action(
      commands.remote<ListOptions>(async ({ api, options, out }) => {
        const answer = await readPages('runs', api.reconcileRuns, options, (run) => String(run.id));
        out.show(answer, () => ({
          columns: ['RUN', 'STATE', 'ASKED', 'BY', 'OBJECTS', 'UNKNOWN', 'MISSING', 'WRONG SIZE'],
          rows: answer.runs.map((run) => [
            String(run.id),
            run.dry_run ? `${run.state} (dry run)` : run.state,
            `${age(run.created_at)} ago`,
            run.requested_by ?? 'schedule',
            number(run.objects.count),
            number(run.unknown_objects.count),
            number(run.missing_blobs),
            number(run.blobs_of_wrong_size),
          ]),
        }));
      }),
    );

  listed(reconcile.command('findings'))
    .description('List what a comparison found')
    .argument('<id>', 'of berth reconcile history', id)
    .addOption(new Option('--kind <kind>', 'only these').choices(KINDS))
    .action(
      commands.remote<ListOptions & { kind?: string }>(async ({ api, args: [run = ''], options, out }) => {
        const read = (after?: string) => api.reconcileFindings(run, options.kind, after);
        const answer = await readPages('findings', read, options, (finding) => String(finding.id));
        out.show(answer, () => ({
          columns: ['WHAT', 'OBJECT', 'BYTES', 'EXPECTED', 'DELETED', 'BLOB', 'PACKAGES'],
          rows: answer.findings.map((finding) => [
            finding.kind,
            finding.object_key,
            finding.size === null ? '-' : size(finding.size),
            finding.expected_size === null ? '-' : size(finding.expected_size),
            time(finding.delete_at),
            finding.digest ?? '-',
            finding.packages.join(', ') || '-',
          ]),
          none: 'Nothing was found.',
        }));
      }),
    );
}

const followRun = (api: AdminApi, run: string, out: Output): Promise<ReconcileRunAnswer> =>
  follow(() => api.reconcileRun(run), {
    isEnded: ({ state }) => state === 'done' || state === 'failed',
    progressOf: ({ id, state, progress, objects }) => ({
      done: Math.floor(progress * 100),
      of: 100,
      words: `run ${id}: ${state}, ${number(objects.count)} objects`,
    }),
    out,
  });

/** Errors: Failure for a run that failed, after it was shown. */
function show(run: ReconcileRunAnswer, out: Output): void {
  out.show(run, () =>
    facts({
      run: `${run.id}${run.dry_run ? ' (dry run: reports only)' : ''}`,
      state: run.state === 'running' ? `running, ${Math.floor(run.progress * 100)} %` : run.state,
      asked: `${time(run.created_at)} by ${run.requested_by ?? 'schedule'}`,
      ended: time(run.finished_at),
      objects: `${number(run.objects.count)}, ${size(run.objects.bytes)}`,
      'unknown objects': `${number(run.unknown_objects.count)}, ${size(run.unknown_objects.bytes)}`,
      'missing blobs': number(run.missing_blobs),
      'blobs of wrong size': number(run.blobs_of_wrong_size),
      'stray uploads': `${number(run.stray_uploads)} of ${number(run.uploads)}`,
      ...(run.error !== null && { error: run.error }),
    }),
  );
  if (run.state === 'failed') throw new Failure('failed', `Run ${run.id} failed: ${run.error ?? 'no reason is known'}`);
}
