// Every job of the real worker, killed by SIGKILL at every place where it can be and started again: the same rows and objects as
// where nobody killed it.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { QUEUES, RETENTION } from '#queue';
import { whyNoS3 } from '#testing';
import { BETWEEN_JOBS, FAILPOINTS, type JobQueue, placeOf } from './job-failpoints.js';
import { type Backend, type Copy, type Killable, makeKillable } from './killable.js';

const missing = whyNoS3();
let killable: Killable;

beforeAll(async () => {
  if (!missing) killable = await makeKillable();
});
beforeEach(({ skip }) => {
  if (missing && process.env.CI) throw new Error(missing);
  if (missing) skip(missing);
});
afterAll(async () => {
  await killable?.close();
});

async function using<T>(copy: Copy, work: (copy: Copy) => Promise<T>): Promise<T> {
  try {
    return await work(copy);
  } finally {
    await copy.close();
  }
}

/** A worker does this job alone, until it has looked once. */
async function work(copy: Copy, job: JobQueue, failpoint?: string): Promise<string[]> {
  const since = Date.now();
  const worker = copy.start(failpoint);
  await worker.ready;
  await copy.look(job, since);
  expect(await worker.terminate()).toBe(0);
  // Of jobs whose worker died, BullMQ gives up the second time: the next look is another one.
  expect(worker.log.filter((line) => line.includes('a job failed') && !line.includes('stalled'))).toEqual([]);
  return worker.log;
}

/** What comes of it where nobody kills it, and where the job comes by. */
async function unkilled(backend: Backend, job: JobQueue) {
  return using(await killable.copy(backend, job), async (copy) => {
    const log = await work(copy, job, '?');
    const passed = log.flatMap((line) => /^failpoint (.*)$/.exec(line)?.[1] ?? []);
    await copy.passTime();
    await copy.hurry();
    return { state: await copy.state(), passed: [...new Set(passed)].filter((name) => name !== BETWEEN_JOBS) };
  });
}

const BACKENDS: Backend[] = ['Redis', 'PostgreSQL'];
const JOBS = QUEUES.map((job, i) => ({ job, backend: BACKENDS[i % 2] as Backend }));

describe.concurrent('killed at every place, one after the other', { timeout: 1_200_000 }, () => {
  it.each(JOBS)('$job, with queues on $backend', async ({ job, backend }) => {
    const { state, passed } = await unkilled(backend, job);
    expect(passed.sort()).toEqual([...new Set(FAILPOINTS[job].map(placeOf))].sort());
    await using(await killable.copy(backend, job), async (copy) => {
      for (const failpoint of FAILPOINTS[job]) {
        const killed = copy.start(failpoint);
        expect(await copy.death(killed, job), `${failpoint}\n${killed.log.join('\n')}`).toBe('SIGKILL');
        await copy.passTime();
      }
      await copy.hurry();
      await work(copy, job);
      expect(await copy.state()).toEqual(state);
    });
  });
});

describe.concurrent.each(BACKENDS)('between jobs, with queues on %s', { timeout: 600_000 }, (backend) => {
  it('killed while it makes schedules, the next one makes the rest', async ({ expect }) => {
    await using(await killable.copy(backend), async (copy) => {
      for (const queue of QUEUES) await copy.queue(queue).pause();
      const killed = copy.start(BETWEEN_JOBS);
      expect(await copy.death(killed), killed.log.join('\n')).toBe('SIGKILL');
      const worker = copy.start();
      await worker.ready;
      const schedules = () => Promise.all(QUEUES.map((queue) => copy.queue(queue).getJobSchedulersCount()));
      await expect.poll(schedules).toEqual(QUEUES.map(() => 1));
      expect(await worker.terminate()).toBe(0);
    });
  });

  it('killed while a job is active, another takes up that very job', async ({ expect }) => {
    await using(await killable.copy(backend, RETENTION), async (copy) => {
      const killed = copy.start('retention-found');
      expect(await copy.death(killed), killed.log.join('\n')).toBe('SIGKILL');
      const [active, ...others] = await copy.queue(RETENTION).getActive();
      expect([active?.id, others]).toEqual([expect.any(String), []]);
      const worker = copy.start();
      await worker.ready;
      const state = () => copy.queue(RETENTION).getJobState(active?.id ?? '');
      await expect.poll(state, { timeout: 120_000 }).toBe('completed');
      expect(await copy.sql("SELECT name FROM tags WHERE name LIKE 'gone-%'")).toEqual([]);
      expect(await worker.terminate()).toBe(0);
    });
  });
});
