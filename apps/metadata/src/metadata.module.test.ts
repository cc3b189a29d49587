import { expect, it } from 'vitest';
import { readSettings } from '#config';
import { METADATA_CONTRACTS } from '#contracts';
import type { Database } from '#database';
import { Garbage, GcRunQueue, Reconciling, RetentionWork, Scrubbing, StorageMeasuring, UntaggedRules } from '#registry';
import { MetadataModule } from './metadata.module.js';

it("has a contract for every port but the worker's own", () => {
  const { exports = [] } = MetadataModule.for({} as Database, readSettings({}));
  const names = (ports: readonly unknown[]) => ports.map((port) => (port as { name: string }).name).sort();
  const own: unknown[] = [Garbage, GcRunQueue, Reconciling, RetentionWork, Scrubbing, StorageMeasuring, UntaggedRules];
  expect(names(METADATA_CONTRACTS.map(({ port }) => port))).toEqual(
    names(exports.filter((port) => !own.includes(port))),
  );
});
