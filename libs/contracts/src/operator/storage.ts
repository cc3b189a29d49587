import { z } from 'zod';
import { AmountAnswer, next, time } from './shapes.js';

export const StorageAnswer = z.object({
  measured_at: time.describe('How old all but awaiting_deletion is'),
  logical: AmountAnswer.describe('Blobs as packages see them, each once for each package'),
  stored: AmountAnswer.describe('Each blob once'),
  deduplicated: AmountAnswer.describe('What is saved by that'),
  awaiting_deletion: AmountAnswer.describe('Let go of and not deleted yet, as of now'),
});
export type StorageAnswer = z.output<typeof StorageAnswer>;

const measured_at = time.nullable().describe('How old the figures are; null before the first measurement');

export const NamespaceUseAnswer = z.object({
  namespace: z.string(),
  logical_bytes: z.number().describe('Of blobs as its packages see them, each once for each package'),
  stored_bytes: z.number().describe('Each blob once: exclusive_bytes and shared_bytes add up to it'),
  exclusive_bytes: z.number().describe('Of blobs that no other namespace has'),
  shared_bytes: z.number(),
});
export type NamespaceUseAnswer = z.output<typeof NamespaceUseAnswer>;
export const NamespaceUsesAnswer = z.object({ measured_at, namespaces: z.array(NamespaceUseAnswer), next });
export type NamespaceUsesAnswer = z.output<typeof NamespaceUsesAnswer>;

export const PackageUseAnswer = z.object({
  package: z.string(),
  package_id: z.int(),
  deleted_at: time.nullable().describe('Set: it can be restored'),
  versions: z.number(),
  manifest_bytes: z.number(),
  blobs: z.number(),
  logical_bytes: z.number().describe('Of its blobs: exclusive_bytes and shared_bytes add up to it'),
  exclusive_bytes: z.number().describe('Of blobs that no other package has'),
  shared_bytes: z.number(),
  last_pushed_at: time.nullable(),
  last_pulled_at: time.nullable(),
});
export type PackageUseAnswer = z.output<typeof PackageUseAnswer>;
export const PackageUsesAnswer = z.object({ measured_at, packages: z.array(PackageUseAnswer), next });
export type PackageUsesAnswer = z.output<typeof PackageUsesAnswer>;
export const MeasuredPackageAnswer = PackageUseAnswer.extend({ measured_at });
export type MeasuredPackageAnswer = z.output<typeof MeasuredPackageAnswer>;
