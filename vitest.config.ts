import { defineConfig } from 'vitest/config';

export default defineConfig({
  // `#oci` and its like name the sources, not dist.
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: ['{apps,libs,scripts,test}/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Tests of a whole Berth start processes; a slow machine must not make them fail.
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});
