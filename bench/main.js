/**
 * Measures Berth, beside another registry where one is given, in one run on one machine and on loopback only.
 * `npm run bench -- [--peer URL] [--s3 URL/BUCKET|own] [--split] [--rounds N] [--seconds N] [--blob-mb N] [--json] [--profile CASE]`
 * `--s3`: Berth keeps its blobs in S3 (credentials in AWS_*; `own`: on a server of the benchmark's own), and direct uploads are measured beside a bare S3 client. `--split`: Berth's services are processes of their own, on S3.
 * `npm run bench -- memory [--blob-mb N] [--s3 URL/BUCKET]`: peak memory of a gateway with up to 64 uploads at once.
 * `npm run bench -- gc [--part collection|reads] [--split] [--rounds N] [--s3 URL/BUCKET]`: the collection of 1,000 orphaned blobs beside
 * 10,000 and 1,000,000 others; then reads of manifests without and with a collection going on.
 * `npm run bench -- races [--races N]`: 20,000 pushes of four kinds that meet the collection of the same blobs.
 * `--profile` measures one read of Berth alone and names the functions that the processor was busy with.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build, main, nodePath, run } from '../scripts/prepare.js';

const OPTIONS = {
  peer: { type: 'string' },
  rounds: { type: 'string', default: '3' },
  seconds: { type: 'string', default: '3' },
  'blob-mb': { type: 'string', default: '256' },
  json: { type: 'boolean', default: false },
  s3: { type: 'string' },
  split: { type: 'boolean', default: false },
  races: { type: 'string', default: '20000' },
  profile: { type: 'string' },
  part: { type: 'string' },
};

main(async () => {
  const args = process.argv.slice(2);
  const options = readOptions(args);
  await build();
  // Only the Node that the project brings can be relied on to load what was compiled.
  if (nodePath() !== process.execPath) return run(nodePath(), [fileURLToPath(import.meta.url), ...args]);

  const { measure } = await import('./measure.js');
  const { printReport } = await import('./report.js');
  const { profile } = await import('./profile.js');
  const { startBerth } = await import('./berth.js');
  const { openS3 } = await import('./s3-server.js');
  const { startSplit } = await import('./split.js');

  const folder = mkdtempSync(join(tmpdir(), 'berth-bench-'));
  let berth;
  let s3;
  let isStopping = false;
  const clear = async () => {
    if (isStopping) return;
    isStopping = true;
    await berth?.stop();
    await s3?.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => clear().then(() => process.exit(1)));
  try {
    if (options.command === 'memory') {
      const { measureMemory, printMemory } = await import('./memory.js');
      return printMemory(await measureMemory(folder, options), options.json) ? 0 : 1;
    }
    if (options.command === 'gc') {
      const { measureGc, printGc } = await import('./gc.js');
      const { measureReads, printReads } = await import('./gc-reads.js');
      const isFast = options.part === 'reads' || printGc(await measureGc(folder, options), options.json);
      const isQuiet = options.part === 'collection' || printReads(await measureReads(folder, options), options.json);
      return isFast && isQuiet ? 0 : 1;
    }
    if (options.command === 'races') {
      const test = fileURLToPath(new URL('../scripts/test.js', import.meta.url));
      return run(process.execPath, [test, 'test/gc/races.test.ts'], {
        env: { ...process.env, BERTH_TEST_RACES: options.races },
      });
    }
    if (options.isOnS3) s3 = await openS3(options.s3, folder);
    berth = options.split
      ? await startSplit(folder, s3.settings)
      : await startBerth(folder, options.profile !== undefined, s3?.settings);
    if (options.profile) await profile(berth, options.profile);
    else printReport(await measure(berth, options, s3), options.json);
    return 0;
  } finally {
    await clear();
  }
});

function readOptions(args) {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const [command, ...more] = positionals;
  if (more.length > 0 || (command !== undefined && !['memory', 'gc', 'races'].includes(command)))
    throw new Error('The commands are: memory, gc, races');
  if (!/^[1-9][0-9]{0,6}$/.test(values.races)) throw new Error('--races takes a whole number.');
  if (values.part !== undefined && !['collection', 'reads'].includes(values.part))
    throw new Error('--part takes collection or reads.');
  const number = (name) => {
    if (/^[1-9][0-9]{0,3}$/.test(values[name])) return Number(values[name]);
    throw new Error(`--${name} takes a whole number from 1 to 9999.`);
  };
  if (values.peer !== undefined && !URL.canParse(values.peer)) throw new Error('--peer takes a URL: http://HOST:PORT');
  return {
    command,
    isOnS3: values.s3 !== undefined || values.split,
    s3: values.s3 === 'own' ? undefined : values.s3,
    split: values.split,
    peer: values.peer,
    rounds: number('rounds'),
    seconds: number('seconds'),
    blobBytes: number('blob-mb') * 1024 * 1024,
    json: values.json,
    races: values.races,
    profile: values.profile,
    part: values.part,
  };
}
