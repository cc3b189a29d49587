/**
 * Runs a part of Berth, by default the whole of it in one process, after installing and compiling what is missing.
 * `node scripts/start.js [all-in-one | gateway | blobs | metadata | worker | migrate] [arguments]`
 */
import { build, main, nodePath, run } from './prepare.js';

const PARTS = {
  'all-in-one': 'all-in-one/src/main.js',
  gateway: 'gateway/src/main.js',
  blobs: 'blobs/src/main.js',
  metadata: 'metadata/src/main.js',
  worker: 'worker/src/main.js',
  migrate: 'all-in-one/src/migrate.js',
};

main(async () => {
  const [part = 'all-in-one', ...args] = process.argv.slice(2);
  if (!Object.hasOwn(PARTS, part)) {
    throw new Error(`There is no "${part}" to start: choose one of ${Object.keys(PARTS).join(', ')}.`);
  }
  await build();
  return run(nodePath(), ['--enable-source-maps', `dist/apps/${PARTS[part]}`, ...args]);
});
