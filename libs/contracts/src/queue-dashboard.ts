import { z } from 'zod';
import { QueueDashboard } from '#registry';
import { change, contract } from './contract.js';
import { bytes } from './shapes.js';

/** The dashboard gives up before it. */
const DEADLINE_MS = 15_000;

const request = z.object({
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH']),
  path: z.string().max(16 * 1024),
  json: z.string().optional(),
});
const answer = z.object({ status: z.int(), contentType: z.string(), body: bytes });

export const queueDashboard = contract(QueueDashboard, {
  answer: change([request], answer, { deadline: DEADLINE_MS }),
});
