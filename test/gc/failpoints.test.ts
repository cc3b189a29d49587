// Every place where the worker can be killed is one where a test kills it: a new one that no test names makes this fail.
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const textsOf = (pattern: string) =>
  globSync(pattern, { cwd: ROOT, exclude: (path) => path === 'node_modules' }).map((path) =>
    readFileSync(resolve(ROOT, path), 'utf8'),
  );

it('each failpoint has a test that kills the worker there', () => {
  const names = textsOf('{apps,libs}/**/*.ts').flatMap((text) =>
    [...text.matchAll(/\bfailpoint\('([^']+)'\)/g)].map(([, name]) => name as string),
  );
  expect(names.length).toBeGreaterThan(20);
  const killing = textsOf('test/gc/*kills.test.ts');
  expect(names.filter((name) => !killing.some((text) => text.includes(`'${name}'`)))).toEqual([]);
});
