import { configDefaults, defineConfig } from 'vitest/config';

/** Tests that run only when asked for: real clients (docker, crane, …), and the OCI conformance suite. */
const APART = ['clients', 'conformance'];
const globOf = (suite: string) => `test/${suite}/**/*.test.ts`;
const asked = APART.find((suite) => process.env.BERTH_TEST_SUITE === suite);

export default defineConfig({
  // `#oci` and its like name the sources, not dist.
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: asked ? [globOf(asked)] : ['{apps,libs,scripts,test}/**/*.test.ts'],
    exclude: asked ? configDefaults.exclude : [...configDefaults.exclude, ...APART.map(globOf)],
    pool: 'forks',
    maxWorkers: 2,
    // Tests of a whole Berth start processes; a slow machine must not make them fail.
    testTimeout: 180_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } }, // a second unless said, which is nothing on such a machine
  },
});
