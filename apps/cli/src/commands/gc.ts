import { type Command, InvalidArgumentError } from 'commander';
import type { GcControlAnswer, GcEntryAnswer, GcRunAnswer } from '#contracts';
import type { AdminApi } from '../api/admin-api.js';
import { readPages } from '../api/pages.js';
import { type Commands, id, type ListOptions, listed, wholeNumber } from '../command.js';
import { Failure } from '../failure.js';
import { facts, type Output, type Table } from '../output/output.js';
import { follow } from '../output/progress.js';
import { age, counted, number, size, time } from '../output/words.js';

export function addGc(program: Command, commands: Commands): void {
  const gc = program.command('gc').description('Garbage collection: its runs, its brake, its log');

  gc.command('status')
    .description('Show whether garbage is collected, and how fast')
    .action(commands.remote(async ({ api, out }) => showControl(await api.gc(), out)));

  for (const [verb, mode, description] of [
    ['pause', 'paused', 'Pause collection: runs wait'],
    ['resume', 'on', 'Go on with collection'],
    ['off', 'off', 'Switch collection off: runs end as failed'],
  ] as const) {
    gc.command(verb)
      .description(description)
      .action(commands.remote(async ({ api, out }) => showControl(await api.changeGc({ mode }), out)));
  }

  gc.command('pace')
    .description('Set how fast all workers together collect')
    .argument('<rows>', 'rows a second, or none for no limit', paceOf)
    .action(
      commands.remote(async ({ api, args: [pace], out }) => {
        showControl(await api.changeGc({ pace: pace as unknown as number | null }), out);
      }),
    );

  gc.command('start')
    .description('Ask for a run of collection')
    .option('--grace <duration>', 'in place of BERTH_GC_GRACE: 0s, 90s, 5m, 24h, 30d')
    .option('--dry-run', 'tell what would go, and take nothing')
    .option('--wait', 'follow the run to its end')
    .action(
      commands.remote<{ grace?: string; dryRun?: boolean; wait?: boolean }>(async ({ api, options, out }) => {
        const { grace, dryRun = false, wait } = options;
        const started = await api.startGc({ ...(grace !== undefined && { grace }), dry_run: dryRun });
        if (wait) return showRun(await followRun(api, String(started.id), out), out);
        out.show(started, () => `Run ${started.id} is asked for. Follow it: berth gc run ${started.id} --wait`);
      }),
    );

  gc.command('run')
    .description('Show a run, and what it did')
    .argument('<id>', 'of berth gc history', id)
    .option('--wait', 'follow the run to its end')
    .action(
      commands.remote<{ wait?: boolean }>(async ({ api, args: [run = ''], options, out }) => {
        showRun(options.wait ? await followRun(api, run, out) : await api.gcRun(run), out);
      }),
    );

  listed(gc.command('history'))
    .description('List runs, the newest first')
    .action(
      commands.remote<ListOptions>(async ({ api, options, out }) => {
        const answer = await readPages('runs', api.gcRuns, options, (run) => String(run.id));
        out.show(answer, () => ({
          columns: ['RUN', 'STATE', 'ASKED', 'BY', 'WENT', 'BYTES'],
          rows: answer.runs.map((run) => [
            String(run.id),
            run.dry_run ? `${run.state} (dry run)` : run.state,
            `${age(run.created_at)} ago`,
            run.requested_by,
            number(sum(run).count),
            size(sum(run).bytes),
          ]),
        }));
      }),
    );

  listed(gc.command('log'))
    .description('List what was collected and why, the newest first')
    .argument('[run]', 'only by this run', id)
    .action(
      commands.remote<ListOptions>(async ({ api, args: [run], options, out }) => {
        const read = (after?: string) => (run === undefined ? api.gcLog(after) : api.gcRunLog(run, after));
        const answer = await readPages('log', read, options, (entry) => String(entry.id));
        out.show(answer, () => logTable(answer.log));
      }),
    );
}

function paceOf(text: string): number | null {
  if (text === 'none') return null;
  try {
    return wholeNumber(text);
  } catch {
    throw new InvalidArgumentError('It must be a whole number, 1 or more, or none.');
  }
}

const showControl = (control: GcControlAnswer, out: Output): void =>
  out.show(control, () =>
    facts({
      collection: control.mode,
      pace: control.pace === null ? 'no limit' : `${number(control.pace)} rows a second`,
    }),
  );

async function followRun(api: AdminApi, id: string, out: Output): Promise<GcRunAnswer> {
  const { mode } = await api.gc();
  if (mode === 'paused') out.note('Collection is paused: the run waits for berth gc resume.');
  return follow(() => api.gcRun(id), {
    isEnded: ({ state }) => state === 'done' || state === 'failed',
    progressOf: (run) => ({ done: run.state === 'done' ? run.steps : run.step, of: run.steps, words: wordsOf(run) }),
    out,
  });
}

function wordsOf(run: GcRunAnswer): string {
  const { count, bytes } = sum(run);
  const doing = run.state === 'running' ? (run.doing ?? 'beginning') : run.state;
  return `run ${run.id}: ${doing}, ${counted(count, 'thing')}, ${size(bytes)}`;
}

/** Errors: Failure for a run that failed, after it was shown. */
function showRun(run: GcRunAnswer, out: Output): void {
  out.show(run, () =>
    facts({
      run: `${run.id}${run.dry_run ? ' (dry run: nothing went)' : ''}`,
      state: run.state === 'running' && run.doing ? `running, ${run.doing} (${run.step} of ${run.steps})` : run.state,
      asked: `${time(run.created_at)} by ${run.requested_by}`,
      ended: time(run.finished_at),
      ...Object.fromEntries(
        Object.entries(run.counts).map(([kind, { count, bytes }]) => [kind, `${number(count)}, ${size(bytes)}`]),
      ),
    }),
  );
  if (run.state === 'failed') throw new Failure('failed', `Run ${run.id} failed: ${run.error ?? 'no reason is known'}`);
}

function sum({ counts }: GcRunAnswer): { count: number; bytes: number } {
  const all = Object.values(counts);
  return {
    count: all.reduce((total, { count }) => total + count, 0),
    bytes: all.reduce((total, { bytes }) => total + bytes, 0),
  };
}

const logTable = (entries: GcEntryAnswer[]): Table => ({
  columns: ['AT', 'WHAT', 'PACKAGE', 'DIGEST', 'BYTES', 'WHY'],
  rows: entries.map((entry) => [
    time(entry.at),
    entry.kind,
    entry.package_id === null ? '-' : String(entry.package_id),
    entry.digest ?? '-',
    size(entry.bytes),
    entry.reason,
  ]),
  none: 'Nothing was collected.',
});
