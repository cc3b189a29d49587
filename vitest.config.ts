import { configDefaults, defineConfig } from 'vitest/config';

/** Tests that drive real clients (docker, crane, …) run only when asked for. */
const CLIENTS = 'test/clients/**/*.test.ts';
const clients = process.env.BERTH_TEST_CLIENTS === '1';

export default defineConfig({
  // `#oci` and its like name the sources, not dist.
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: clients ? [CLIENTS] : ['{apps,libs,scripts,test}/**/*.test.ts'],
    exclude: clients ? configDefaults.exclude : [...configDefaults.exclude, CLIENTS],
    pool: 'forks',
    maxWorkers: 2,
    // Tests of a whole Berth start processes; a slow machine must not make them fail.
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
