/** What a change must pass before review: types, lint and format, import rules, unused code, unit tests. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { generate, main, nodePath } from './prepare.js';

const STEPS = [
  ['types', 'typescript7/bin/tsc', '--noEmit', '-p', 'tsconfig.json'],
  ['lint and format', '@biomejs/biome/bin/biome', 'check', '--error-on-warnings'],
  ['imports', 'dependency-cruiser/bin/dependency-cruise.mjs', '--config', '.dependency-cruiser.cjs', 'apps', 'libs'],
  ['unused code', 'knip/bin/knip.js', '--no-progress', '--no-config-hints'],
  ['unit tests', 'vitest/vitest.mjs', 'run', '--exclude', '**/*.int.test.ts', '--exclude', 'test/**'],
];

main(async () => {
  await generate();
  let failed = false;
  for (const [name, program, ...args] of STEPS) {
    const { code, output, seconds } = await runQuietly(program, args);
    console.log(`${code === 0 ? 'pass' : 'FAIL'}  ${name} (${seconds} s)`);
    if (code !== 0) console.log(output.trimEnd());
    failed ||= code !== 0;
  }
  return failed ? 1 : 0;
});

function runQuietly(program, args) {
  const began = Date.now();
  const root = fileURLToPath(new URL('..', import.meta.url));
  return new Promise((resolve, reject) => {
    const child = spawn(nodePath(), [`${root}node_modules/${program}`, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output, seconds: ((Date.now() - began) / 1000).toFixed(1) }));
  });
}
