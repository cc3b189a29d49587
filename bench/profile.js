import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { READS, Target } from './measure.js';

const SECONDS = 8;
const SHOWN = 15;

/** Loads one read of a Berth that was started with a CPU profile, and prints where its time went. */
export async function profile(berth, folder, options) {
  if (!READS.includes(options.profile)) throw new Error(`--profile takes one of ${READS.join(', ')}.`);
  const target = new Target('Berth', berth);
  await target.prepare();
  const { perSecond } = await target.read(options.profile, SECONDS);
  target.close();
  await berth.stop();
  const [file] = readdirSync(folder);
  const { total, idle, functions } = selfTimes(JSON.parse(readFileSync(join(folder, file ?? ''), 'utf8')));
  console.log(`${options.profile}: ${Math.round(perSecond)} requests/s under the profiler`);
  console.log(`${(total / 1e6).toFixed(1)} s in all, start included; ${percent(idle, total)} idle; of the rest:`);
  for (const [name, time] of functions.slice(0, SHOWN))
    console.log(`${percent(time, total - idle).padStart(7)}  ${name}`);
}

/** Self time of each function in microseconds, the costliest first. */
function selfTimes({ nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const times = new Map();
  let total = 0;
  let idle = 0;
  samples.forEach((id, i) => {
    const delta = timeDeltas[i];
    total += delta;
    const { functionName, url, lineNumber } = byId.get(id);
    if (functionName === '(idle)') {
      idle += delta;
      return;
    }
    const place = url.replace(/^.*\/(?=node_modules\/|dist\/)/, '');
    const name = `${functionName || '(anonymous)'}${place ? `  ${place}:${lineNumber + 1}` : ''}`;
    times.set(name, (times.get(name) ?? 0) + delta);
  });
  return { total, idle, functions: [...times].sort((a, b) => b[1] - a[1]) };
}

const percent = (part, whole) => `${((100 * part) / whole).toFixed(1)} %`;
