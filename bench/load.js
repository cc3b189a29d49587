import { spawn, spawnSync } from 'node:child_process';
import { Agent, get } from 'node:http';

const CONNECTIONS = 32;

export const hasWrk = () => spawnSync('wrk', ['--version'], { stdio: 'ignore' }).error === undefined;

/**
 * Asks for one URL over 32 connections for some seconds.
 * @returns {Promise<{ perSecond: number, p50: number, p99: number }>} latencies in milliseconds
 */
export function load(url, headers, seconds) {
  return hasWrk() ? loadByWrk(url, headers, seconds) : loadByNode(url, headers, seconds);
}

async function loadByWrk(url, headers, seconds) {
  const given = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--latency', ...given, url];
  const child = spawn('wrk', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  for await (const part of child.stdout.setEncoding('utf8')) text += part;
  const failures = /^ *(Non-2xx or 3xx responses|Socket errors): (.*)$/m.exec(text);
  if (failures) throw new Error(`${url}: ${failures[1]}: ${failures[2]}`);
  const percentile = (p) => milliseconds(new RegExp(`^ +${p}% +([0-9.]+)(us|ms|s)$`, 'm').exec(text));
  return { perSecond: Number(/Requests\/sec: +([0-9.]+)/.exec(text)?.[1]), p50: percentile(50), p99: percentile(99) };
}

function milliseconds(match) {
  const units = { us: 0.001, ms: 1, s: 1000 };
  return match ? Number(match[1]) * units[match[2]] : Number.NaN;
}

/** A loop in this process: slower than wrk, and so an understatement of both registries. */
async function loadByNode(url, headers, seconds) {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const until = performance.now() + seconds * 1000;
  const times = [];
  const worker = async () => {
    while (performance.now() < until) {
      const began = performance.now();
      await ask(url, headers, agent);
      times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  agent.destroy();
  times.sort((a, b) => a - b);
  const percentile = (p) => times[Math.floor((times.length - 1) * p)] ?? Number.NaN;
  return { perSecond: times.length / seconds, p50: percentile(0.5), p99: percentile(0.99) };
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
