import { cpus } from 'node:os';
import { hasWrk } from './load.js';

const COLUMNS = [20, 12, 12, 12, 10];

/** Medians of the rounds, and how many times as fast as the peer Berth is; with `isJson` every round as well. */
export function printReport(measured, isJson) {
  const cases = measured.cases.map(({ name, results }) => ({ name, ...summarise(results), rounds: results }));
  if (isJson) {
    console.log(JSON.stringify({ ...measured, loadGenerator: loadGenerator(), cases }, null, 2));
    return;
  }
  const megabytes = measured.blobBytes / 1024 / 1024;
  const [model] = cpus();
  console.log(`\n${cpus().length} × ${model?.model.trim()}, Node ${process.versions.node}, load by ${loadGenerator()}`);
  console.log(
    `Medians of ${measured.rounds}; reads over 32 connections for ${measured.seconds} s; blobs of ${megabytes} MiB`,
  );
  console.log(`Berth asks for a bearer token, the package is private. Peer: ${measured.peer ?? 'none given'}\n`);
  printRow(['', '', 'Berth', 'peer', 'ratio']);
  for (const { name, Berth, peer, ratio } of cases) {
    for (const [unit, format] of UNITS) {
      if (Berth[unit] === undefined) continue;
      const title = unit === 'p50' || unit === 'p99' ? '' : name;
      printRow([
        title,
        LABELS[unit],
        format(Berth[unit]),
        peer ? format(peer[unit]) : '-',
        unit === ratio?.of ? `${ratio.times.toFixed(2)} ×` : '',
      ]);
    }
  }
}

const LABELS = { perSecond: 'requests/s', p50: 'p50 ms', p99: 'p99 ms', duration: 's' };
const UNITS = [
  ['perSecond', (value) => String(Math.round(value))],
  ['p50', (value) => value.toFixed(2)],
  ['p99', (value) => value.toFixed(2)],
  ['duration', (value) => value.toFixed(2)],
];

const loadGenerator = () =>
  hasWrk() ? 'wrk -t1 -c32' : 'a loop of its own, as wrk is not installed: both are understated';

function summarise(results) {
  const medians = Object.fromEntries(Object.entries(results).map(([name, rounds]) => [name, medianOfEach(rounds)]));
  const { Berth, peer } = medians;
  if (!peer) return medians;
  const ratio =
    Berth.duration === undefined
      ? { of: 'perSecond', times: Berth.perSecond / peer.perSecond }
      : { of: 'duration', times: peer.duration / Berth.duration };
  return { ...medians, ratio };
}

function medianOfEach(rounds) {
  return Object.fromEntries(Object.keys(rounds[0]).map((key) => [key, median(rounds.map((round) => round[key]))]));
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function printRow(cells) {
  console.log(
    cells
      .map((cell, i) => (i < 2 ? cell.padEnd(COLUMNS[i]) : cell.padStart(COLUMNS[i])))
      .join('')
      .trimEnd(),
  );
}
