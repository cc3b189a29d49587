#!/usr/bin/env node
/** The command line `berth` in a checkout: installs and compiles what is missing, under Node from 20 on, and runs it. */
import { fileURLToPath } from 'node:url';
import { build, main, nodePath, run } from './prepare.js';

const PROGRAM = fileURLToPath(new URL('../dist/apps/cli/src/main.js', import.meta.url));

main(async () => {
  await build();
  const options = { cwd: process.cwd(), detached: false }; // it reads a terminal: it must stay in its session
  return run(nodePath(), ['--enable-source-maps', PROGRAM, ...process.argv.slice(2)], options);
});
