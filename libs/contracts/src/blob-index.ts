import { z } from 'zod';
import { BlobIndex } from '#registry';
import { change, contract, look, lookUp, repeatable } from './contract.js';
import { digest, id, nothing, objectKey, repositoryName, storedBlob } from './shapes.js';

const target = z.object({ name: repositoryName, packageId: id, isPublished: z.boolean() });

export const blobIndex = contract(BlobIndex, {
  find: lookUp([id, digest], storedBlob.optional()),
  lease: lookUp([id, digest], storedBlob.optional()),
  markMissing: repeatable([objectKey], nothing),
  mount: repeatable([target, digest, id], z.boolean()),
  holders: look([digest, z.int()], z.array(z.string())),
  unlink: change([id, digest], z.enum(['unlinked', 'unknown', 'in_use'])),
});
