/**
 * Runs every test that this machine allows and ends with one line: `N passed, N failed, N skipped`.
 * `--clients` runs the tests of real clients (test/clients) instead, `--conformance` the OCI conformance suite on each
 * deployment (test/conformance); other arguments are vitest's.
 * What they run against is started where it is not given: see test-services.js.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, main, nodePath, run } from './prepare.js';
import { startServices } from './test-services.js';

const SUITES = ['clients', 'conformance'];

main(async () => {
  const args = process.argv.slice(2);
  await build();
  // Only the Node that the project brings can be relied on to load what was compiled.
  if (nodePath() !== process.execPath) return run(nodePath(), [fileURLToPath(import.meta.url), ...args]);

  // A signal ends the test run, and that ends the rest in order.
  let interrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => (interrupted = true));
  const folder = mkdtempSync(join(tmpdir(), 'berth-test-'));
  let services;
  try {
    services = await startServices(folder);
    return interrupted ? 1 : await test(args, folder, services.variables);
  } finally {
    await services?.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
});

async function test(args, folder, services) {
  const summaryFile = join(folder, 'summary.json');
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  const suite = SUITES.find((name) => args.includes(`--${name}`));
  const env = {
    ...process.env,
    ...services,
    BERTH_TEST_SUITE: suite ?? '',
    BERTH_TEST_SUMMARY: summaryFile,
    // What a test that was killed left behind goes with the rest.
    TMPDIR: temporary,
  };
  const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
  const reporters = ['--reporter=default', '--reporter=./scripts/summary-reporter.js'];
  const others = args.filter((argument) => argument !== `--${suite}`);
  const code = await run(process.execPath, [vitest, 'run', ...reporters, ...others], { env });

  const { passed, failed, skipped } = readSummary(summaryFile);
  // With a name to look for, the rest is skipped because nobody asked for it.
  if (!others.some((argument) => /^(-t|--testNamePattern)\b/.test(argument))) {
    for (const { name, reason } of skipped) console.log(`skipped: ${name} (${reason})`);
  }
  if (passed + failed === 0) console.log('No test ran.');
  console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`);
  return code !== 0 || failed > 0 || passed === 0 ? 1 : 0;
}

/** vitest writes none when it could not begin. */
function readSummary(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: 0, skipped: [] };
  }
}
