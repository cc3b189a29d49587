import { READS, Target } from './measure.js';

const SECONDS = 8;
const INTERVAL_MICROSECONDS = 500;
const SHOWN = 12;

/** Loads one read of a Berth that listens for a debugger, and prints where its time goes meanwhile. */
export async function profile(berth, name) {
  if (!READS.includes(name)) throw new Error(`--profile takes one of ${READS.join(', ')}.`);
  const target = new Target('Berth', berth);
  const inspector = await connect(berth.inspector);
  try {
    await target.prepare();
    await target.read(name, 1); // warms up, so that no compiling is in the profile
    await inspector.call('Profiler.enable');
    await inspector.call('Profiler.setSamplingInterval', { interval: INTERVAL_MICROSECONDS });
    await inspector.call('Profiler.start');
    const { perSecond } = await target.read(name, SECONDS);
    const { profile } = await inspector.call('Profiler.stop');
    report(`${name}: ${Math.round(perSecond)} requests/s under the profiler`, profile);
  } finally {
    inspector.close();
    target.close();
  }
}

/** Self times, by function and by where the functions come from. */
function report(title, { nodes, samples, timeDeltas }) {
  const frames = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const byFunction = new Map();
  const byOrigin = new Map();
  let idle = 0;
  let busy = 0;
  samples.forEach((id, i) => {
    const frame = frames.get(id);
    if (frame.functionName === '(idle)') {
      idle += timeDeltas[i];
      return;
    }
    busy += timeDeltas[i];
    count(byFunction, nameOf(frame), timeDeltas[i]);
    count(byOrigin, originOf(frame), timeDeltas[i]);
  });
  console.log(`${title}; idle ${percent(idle, busy + idle)}, of the rest:`);
  print('by function', byFunction, busy);
  print('by origin', byOrigin, busy);
}

const count = (times, key, time) => times.set(key, (times.get(key) ?? 0) + time);

function nameOf({ functionName, url, lineNumber }) {
  const place = url.replace(/^.*\/(?=node_modules\/|dist\/)/, '');
  return `${functionName || '(anonymous)'}${place ? `  ${place}:${lineNumber + 1}` : ''}`;
}

/** The package, Berth itself, Node's own JavaScript, or what runs below it. */
function originOf({ functionName, url }) {
  const npm = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*\/node_modules\/)/.exec(url)?.[1];
  if (npm) return npm;
  if (url.includes('/dist/')) return 'Berth';
  if (url.startsWith('node:')) return 'Node';
  return functionName.startsWith('(') ? functionName : 'native';
}

function print(title, times, whole) {
  console.log(`  ${title}`);
  const costliest = [...times].sort((a, b) => b[1] - a[1]).slice(0, SHOWN);
  for (const [name, time] of costliest) console.log(`${percent(time, whole).padStart(11)}  ${name}`);
}

const percent = (part, whole) => `${((100 * part) / whole).toFixed(1)} %`;

/** A client of Node's inspector protocol. */
async function connect(url) {
  const socket = new WebSocket(url);
  const waiting = new Map();
  let last = 0;
  socket.addEventListener('message', ({ data }) => {
    const { id, result, error } = JSON.parse(data);
    const call = waiting.get(id);
    if (error) call?.reject(new Error(error.message));
    else call?.resolve(result);
    waiting.delete(id);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', () => reject(new Error(`no debugger at ${url}`)));
  });
  return {
    call: (method, params) =>
      new Promise((resolve, reject) => {
        waiting.set(++last, { resolve, reject });
        socket.send(JSON.stringify({ id: last, method, params }));
      }),
    close: () => socket.close(),
  };
}
