// Every job is one that tests kill, and every place where it can be killed is one where they do: a new one that the table of
// `kills.test.ts` does not have makes this fail.
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import * as queue from '#queue';
import { BETWEEN_JOBS, FAILPOINTS, placeOf } from './job-failpoints.js';

const ROOT = resolve(import.meta.dirname, '../..');
const named = (pattern: string, name: RegExp) =>
  globSync(pattern, { cwd: ROOT, exclude: (path) => path === 'node_modules' })
    .map((path) => readFileSync(resolve(ROOT, path), 'utf8'))
    .flatMap((text) => [...text.matchAll(name)].map(([, found]) => found as string));

it('each job of the worker is killed', () => {
  const jobs = named('apps/worker/src/jobs/*.job.ts', /@Processor\((\w+)\)/g);
  expect(jobs).toHaveLength(globSync('apps/worker/src/jobs/*.job.ts', { cwd: ROOT }).length);
  const names = new Map(Object.entries(queue));
  expect(jobs.map((name) => names.get(name)).sort()).toEqual(Object.keys(FAILPOINTS).sort());
  for (const [job, failpoints] of Object.entries(FAILPOINTS)) expect(failpoints, job).not.toEqual([]);
});

it('each failpoint is one where a job is killed, and each kill has its place', () => {
  const places = named('{apps,libs}/**/*.ts', /\bfailpoint\('([^']+)'\)/g);
  const killed = new Set([BETWEEN_JOBS, ...Object.values(FAILPOINTS).flat().map(placeOf)]);
  expect([...new Set(places)].sort()).toEqual([...killed].sort());
});
