import { mkdirSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServices } from '../scripts/test-services.js';
import { startBerth } from './berth.js';
import { addOrphans, query } from './orphans.js';
import { RegistryClient } from './registry-client.js';
import { openS3 } from './s3-server.js';
import { startSplit } from './split.js';

const ORPHANS = 1500;
/** GETs a second: of a registry that is used, and not at its limit. */
const RATE = 200;
const ALONE_MS = 25_000;
const ACCEPT = { accept: 'application/vnd.oci.image.manifest.v1+json' };

/**
 * How long GETs of a manifest by tag take at a fixed rate, without and with the collection of orphaned blobs going
 * on in the same process, or with `split` in a worker of its own, objects in S3.
 */
export async function measureReads(folder, { rounds, split, s3: given }) {
  const services = await startServices(folder);
  const s3 = await openS3(given, folder);
  Object.assign(process.env, s3.settings);
  process.env.BERTH_DATABASE_URL ??=
    services.variables.BERTH_TEST_DATABASE_URL ?? process.env.BERTH_TEST_DATABASE_URL ?? '';
  let berth;
  let client;
  try {
    berth = split ? await startSplit(folder, s3.settings, true) : await startBerth(folder, false, s3.settings);
    client = new RegistryClient(berth);
    const { 'manifest-by-tag': path } = await client.pushImage();
    const measured = [];
    const store = await openStore(folder);
    for (let round = 0; round < rounds; round++) {
      await addOrphans(berth.databaseUrl, store.objects, ORPHANS, 1);
      await sleep(2000); // what writing them set off settles
      const headers = { ...ACCEPT, ...(await client.authorization()) };
      const ask = (until) => askAtRate(berth.url + path, headers, until);
      await ask(sleep(1000)); // warm
      const alone = await ask(sleep(ALONE_MS));
      const began = performance.now();
      const during = await ask(collect(berth));
      measured.push({ alone, during, runMs: performance.now() - began });
    }
    store.close();
    return measured;
  } finally {
    client?.close();
    await berth?.stop();
    await s3.stop();
    await services.stop();
  }
}

/**
 * Answers whether the demand is met: p99 at most 1.5 times as long, of the requests of all rounds. Each round asks both alone and
 * during within seconds, as what else a machine does changes by the minute.
 */
export function printReads(rounds, isJson) {
  const all = (phase) => percentiles(rounds.flatMap((round) => round[phase]));
  const alone = all('alone');
  const during = all('during');
  const ratio = during.p99 / alone.p99;
  const each = rounds.map((round) => ({
    alone: percentiles(round.alone),
    during: percentiles(round.during),
    runMs: round.runMs,
  }));
  if (isJson) console.log(JSON.stringify({ rounds: each, alone, during, ratio }));
  else {
    console.log(`manifest GET at ${RATE} a second, alone and while ${ORPHANS} orphaned blobs are collected:`);
    const tell = ({ p50, p99 }) => `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`;
    for (const round of each)
      console.log(`  ${tell(round.alone)}; ${tell(round.during)} for ${(round.runMs / 1000).toFixed(1)} s`);
    console.log(`  all: ${tell(alone)}; ${tell(during)}; ratio of p99 ${ratio.toFixed(2)} (at most 1.50)`);
  }
  return ratio <= 1.5;
}

async function openStore(folder) {
  const { openStorage } = await import('#storage');
  const { readSettings } = await import('#config');
  const data = join(folder, 'writer');
  mkdirSync(data);
  return openStorage(readSettings({ ...process.env, BERTH_DATA_DIR: data }), { info: () => undefined });
}

/** One run of collection, from asking for it to its end. */
async function collect({ url, adminToken, databaseUrl }) {
  const call = async (path, options) => {
    const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' };
    return (await fetch(`${url}/admin/v1/gc/runs${path}`, { headers, ...options })).json();
  };
  const { id } = await call('', { method: 'POST', body: '{"grace":"0s"}' });
  for (;;) {
    const { state, error } = await call(`/${id}`);
    if (state === 'failed') throw new Error(`the run failed: ${error}`);
    if (state === 'done') break;
    await sleep(200);
  }
  // The schedule's own job may have taken some of them.
  const { rows } = await query(
    databaseUrl,
    "SELECT FROM package_blobs WHERE idle_since < now() - interval '30 minutes'",
  );
  if (rows.length > 0) throw new Error(`${rows.length} of ${ORPHANS} blobs did not go`);
}

/**
 * Asks until `until` resolves. Requests go out when their time has come, whether earlier ones were answered or not: a server that
 * stands still is seen in all of them. Answers their times in milliseconds.
 */
async function askAtRate(url, headers, until) {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const times = [];
  const waiting = new Set();
  let isOver = false;
  void until.finally(() => {
    isOver = true;
  });
  const began = performance.now();
  for (let sent = 0; !isOver; ) {
    for (const due = ((performance.now() - began) / 1000) * RATE; sent < due; sent++) {
      const at = performance.now();
      const asking = ask(url, headers, agent).then(() => times.push(performance.now() - at));
      waiting.add(asking);
      void asking.finally(() => waiting.delete(asking));
    }
    await sleep(1);
  }
  await until;
  await Promise.all(waiting);
  agent.destroy();
  return times;
}

function ask(url, headers, agent) {
  return new Promise((resolve, reject) => {
    const request = get(url, { headers, agent }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${url} answered ${response.statusCode}`));
      response.once('end', resolve).once('error', reject).resume();
    });
    request.once('error', reject);
  });
}

function percentiles(times) {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (p) => sorted[Math.floor((sorted.length - 1) * p)];
  return { count: sorted.length, p50: at(0.5), p99: at(0.99) };
}
