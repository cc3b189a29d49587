import { z } from 'zod';
import { DirectUploads } from '#registry';
import { change, contract, look, repeatable } from './contract.js';
import { actor, bytes, digest, id, nothing, objectKey } from './shapes.js';

const owner = z.object({ sessionId: z.string(), packageId: id, principal: z.string() });
const hashed = z.object({ offset: z.int(), state: bytes.optional() });
const plan = z.object({
  digest,
  size: z.int(),
  sha256: z.string().optional(),
  partSize: z.int().optional(),
});
const upload = owner.extend({
  ...plan.shape,
  state: z.enum(['open', 'completing', 'done', 'failed']),
  generation: z.int(),
  objectKey,
  uploadId: z.string().optional(),
  hashed,
  isBusy: z.boolean(),
  actual: digest.optional(),
});

export const directUploads = contract(DirectUploads, {
  open: change([id, actor, plan], upload),
  recordMultipart: repeatable([upload, z.string()], z.boolean()),
  find: look([owner], upload.optional()),
  // Begun twice, it is busy: the caller then waits as for anybody else.
  beginVerifying: change([owner], upload.optional()),
  recordHashed: repeatable([upload, hashed], z.boolean()),
  release: repeatable([upload], nothing),
  fail: repeatable([upload, digest], nothing),
});
