import { z } from 'zod';
import { UploadSessions } from '#registry';
import { change, contract, look, repeatable } from './contract.js';
import { actor, bytes, digest, digestAlgorithm, id, nothing, objectKey, storedBlob, storedPart } from './shapes.js';

const owner = z.object({ sessionId: z.string(), packageId: id, principal: z.string() });
const offset = z.int();
const start = z.int().optional();

const claimed = owner.extend({
  generation: z.int(),
  offset,
  algorithm: digestAlgorithm,
  hashState: bytes.optional(),
  bodyDigest: digest.optional(),
  objectKey,
  uploadId: z.string().optional(),
  partCount: z.int(),
  partBytes: z.int(),
  reservedKey: objectKey,
  isRepeat: z.boolean(),
});

const piece = z.object({ offset, length: z.int(), objectKey });

const step = z.object({
  progress: z.exactOptional(z.object({ offset, hashState: bytes.optional(), bodyDigest: digest.optional() })),
  startsMultipart: z.exactOptional(z.boolean()),
  uploadId: z.exactOptional(z.string()),
  part: z.exactOptional(storedPart),
  piece: z.exactOptional(piece),
  reserve: z.exactOptional(objectKey),
  joined: z.exactOptional(z.array(objectKey)),
  unused: z.exactOptional(objectKey),
  isLast: z.exactOptional(z.boolean()),
});

export const uploadSessions = contract(UploadSessions, {
  open: change([id, actor, digestAlgorithm], z.string()),
  find: look([owner], z.object({ offset }).optional()),
  // Claiming again takes the session from the request that was lost, which is what the newest one does anyway.
  claim: repeatable([owner, start], claimed),
  contents: look([claimed], z.object({ parts: z.array(storedPart), pieces: z.array(piece) })),
  advance: change([claimed, step], z.boolean()),
  beginCommit: repeatable([owner, digest, start], z.union([claimed, z.literal('done')])),
  commit: repeatable([claimed, storedBlob, objectKey.optional()], nothing),
  close: change([owner, z.int().optional()], z.boolean()),
});
