import { z } from 'zod';
import { PACKAGE_ORDERS, StorageFigures } from '#registry';
import { contract, look } from './contract.js';
import { tagPlace } from './retention-store.js';
import { freedBytes, id, numberedListOf, numberedPage, pageOf, pageRequest, repositoryName } from './shapes.js';

const within = z.enum(['package', 'namespace', 'instance']);
const measured = <T extends z.ZodType>(found: T) => z.object({ measuredAt: z.date().optional(), found });

const packageStorage = z.object({
  packageId: id,
  name: repositoryName,
  deletedAt: z.date().optional(),
  versions: z.number(),
  manifestBytes: z.number(),
  blobs: z.number(),
  logicalBytes: z.number(),
  exclusiveBytes: z.number(),
  namespaceExclusiveBytes: z.number(),
  pushedAt: z.date().optional(),
  pulledAt: z.date().optional(),
});

const namespaceStorage = z.object({
  namespaceId: id,
  login: z.string(),
  logicalBytes: z.number(),
  storedBytes: z.number(),
  exclusiveBytes: z.number(),
});

const doomed = z.object({ packageId: id, versionIds: z.array(id), upTo: tagPlace.optional() });

const order = z.object({ by: z.enum(PACKAGE_ORDERS), isAscending: z.boolean() });

export const storageFigures = contract(StorageFigures, {
  ofVersion: look([id, id, within], freedBytes.optional()),
  ofTag: look([id, z.string(), within], freedBytes.optional()),
  ofDoomed: look([z.array(doomed), within], freedBytes),
  ofPackage: look([z.union([repositoryName, id])], measured(packageStorage).optional()),
  packages: look([order, pageRequest], measured(pageOf(packageStorage))),
  namespaces: look([pageRequest], measured(pageOf(namespaceStorage))),
  ofNamespace: look([id], measured(namespaceStorage).optional()),
  packagesOf: look([id, numberedPage], numberedListOf(packageStorage)),
});
