import { z } from 'zod';
import { AuditLog } from '#auth';
import { contract, look } from './contract.js';
import { id } from './shapes.js';

const text = z.string().optional();

const query = z.object({
  namespaceId: id.optional(),
  actor: text,
  action: text,
  target: text,
  since: z.date().optional(),
  until: z.date().optional(),
  before: z.bigint().optional(),
  limit: z.int(),
});

const entry = z.object({
  id: z.bigint(),
  at: z.date(),
  actor: z.string(),
  userId: id.optional(),
  tokenId: id.optional(),
  action: z.string(),
  target: z.string(),
  address: text,
  result: z.string(),
  data: z.record(z.string(), z.string()),
});

export const auditLog = contract(AuditLog, {
  list: look([query], z.object({ entries: z.array(entry), next: z.bigint().optional() })),
});
