import { Agent, request as send } from 'node:http';
import type { TestBerth } from './berth.js';
import type { RawRequest } from './raw.js';

/** Milliseconds that answers took, of two requests asked in turns. */
export interface Timings {
  a: number[];
  b: number[];
}

const AT_ONCE = 6;
/** Of the slowest, what the machine did beside is all there is to see. */
const KEPT = 0.95;

/** Asks `a` and `b` `pairs` times each, in random order within each pair, a few at a time on connections that stay open. */
export async function timeInTurns(berth: TestBerth, a: RawRequest, b: RawRequest, pairs: number): Promise<Timings> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const timings: Timings = { a: [], b: [] };
  let left = pairs;
  const work = async () => {
    while (left-- > 0) {
      const turns = Math.random() < 0.5 ? (['a', 'b'] as const) : (['b', 'a'] as const);
      for (const turn of turns) timings[turn].push(await timed(berth, agent, turn === 'a' ? a : b));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  agent.destroy();
  return timings;
}

function timed(berth: TestBerth, agent: Agent, { method, path, headers, body }: RawRequest): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const request = send(
      { agent, port: berth.port, host: '127.0.0.1', method, path, headers: headers as Record<string, string> },
      (answer) => {
        answer.resume();
        answer.on('end', () => resolve(performance.now() - began));
        answer.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** Welch's t of two samples, and the difference of their means as a share of their spread. */
export function compareTimings({ a, b }: Timings): { t: number; effect: number } {
  const [first, second] = [momentsOf(a), momentsOf(b)];
  const difference = Math.abs(first.mean - second.mean);
  return {
    t: difference / Math.sqrt(first.variance / first.count + second.variance / second.count),
    effect: difference / Math.sqrt((first.variance + second.variance) / 2),
  };
}

function momentsOf(sample: number[]): { mean: number; variance: number; count: number } {
  const kept = sample.toSorted((x, y) => x - y).slice(0, Math.ceil(sample.length * KEPT));
  const mean = kept.reduce((sum, value) => sum + value, 0) / kept.length;
  const variance = kept.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (kept.length - 1);
  return { mean, variance, count: kept.length };
}
