import { z } from 'zod';
import { ObjectSigner } from '#registry';
import { constant, contract, look } from './contract.js';
import { objectKey } from './shapes.js';

const sender = z.enum(['berth', 'client']);

const signed = z.object({
  method: z.enum(['GET', 'PUT']),
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  expiresAt: z.date(),
});

export const objectSigner = contract(ObjectSigner, {
  features: constant([], z.object({ verifiesPuts: z.boolean(), verifiesMultipart: z.boolean() })),
  signPut: look([objectKey, z.object({ size: z.int(), sha256: z.string() }), sender], signed),
  signPart: look(
    [objectKey, z.string(), z.object({ number: z.int(), size: z.int(), crc32: z.int().optional() }), sender],
    signed,
  ),
  signGet: look([objectKey, sender], signed),
});
