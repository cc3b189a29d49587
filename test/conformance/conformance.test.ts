// The OCI conformance suite on each deployment. What storage serves after a redirect cannot carry Docker-Content-Digest,
// which the suite looks for there; that Berth sends it on the redirect itself is a test of its own (s3-delivery.test.ts).
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it, vi } from 'vitest';
import { startAllInOne, type TestBerth } from '../support/berth.js';
import { needsS3, startTestBucket } from '../support/s3.js';
import { startSplit } from '../support/split.js';

/** Tests of the suite at the version that .ci/conformance names, with every part of it on. */
const TESTS = 986;
const SUITE = resolve(import.meta.dirname, '../../.ci/conformance');
vi.setConfig({ testTimeout: 10 * 60_000, maxConcurrency: 2 });
needsS3();

const onBucket = async (settings: Record<string, string> = {}): Promise<TestBerth> => {
  const bucket = await startTestBucket();
  const berth = await startAllInOne({ ...bucket.settings, ...settings });
  const stop = async () => {
    const code = await berth.stop();
    await bucket.stop();
    return code;
  };
  return { ...berth, stop };
};

/** Each request goes to the next of the two gateways. */
const inTurns = async (settings: Record<string, string> = {}): Promise<TestBerth> => {
  const split = await startSplit(settings);
  return { ...split, host: new URL(split.turnsUrl).host };
};

const PROXY = { BERTH_BLOB_DELIVERY: 'proxy' };
const REDIRECT = { BERTH_BLOB_DELIVERY: 'redirect' };

// Two at a time: one alone leaves a quarter of two cores idle.
it.concurrent.each<[string, () => Promise<TestBerth>, boolean]>([
  ['all-in-one on disk', () => startAllInOne(), true],
  ['all-in-one on S3, bytes through Berth', () => onBucket(PROXY), true],
  ['all-in-one on S3, redirected', () => onBucket(REDIRECT), false],
  ['services apart, bytes through the gateways', () => inTurns(PROXY), true],
  ['services apart, redirected', () => inTurns(REDIRECT), false],
])('%s', async (_, start, hasDigestOnBytes) => {
  const berth = await start();
  try {
    const { output, code } = await runSuite(berth, hasDigestOnBytes);
    const figures = Object.fromEntries(
      [...output.matchAll(/^ +(Pass|FAIL|Error|Skip)\.+: *([0-9]+)$/gm)].map(([, name, count]) => [
        name,
        Number(count),
      ]),
    );
    const wanted = hasDigestOnBytes ? TESTS : figures.Pass;
    const faults = berth
      .log()
      .split('\n')
      .filter((line) => /"level":[456]0/.test(line));
    expect(figures, [output.slice(-4000), ...faults.slice(-20)].join('\n')).toEqual({
      Pass: wanted,
      FAIL: 0,
      Error: 0,
      Skip: 0,
    });
    expect(figures.Pass).toBeGreaterThan(900);
    expect(code).toBe(0);
  } finally {
    expect(await berth.stop()).toBe(0);
  }
});

async function runSuite(berth: TestBerth, hasDigestOnBytes: boolean): Promise<{ output: string; code: number | null }> {
  const suite = spawn('bash', [SUITE, berth.host, 'admin', berth.adminToken], {
    env: { ...process.env, ...(hasDigestOnBytes ? {} : { OCI_API_BLOBS_DIGEST_HEADER: 'false' }) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => suite.once('close', resolve));
  const output = await text(suite.stdout);
  return { output, code: await ended };
}
