import { z } from 'zod';
import { type SigningKey, SigningKeyStore } from '#auth';
import { change, constant, contract, look, repeatable } from './contract.js';
import { actor } from './shapes.js';

const jwk = z.custom<SigningKey['privateJwk']>((value) => typeof value === 'object' && value !== null);

const record = z.object({
  kid: z.string(),
  state: z.enum(['next', 'signing', 'retiring', 'retired']),
  createdAt: z.date(),
  signsFrom: z.date(),
  retiresAt: z.date(),
});

export const signingKeyStore = contract(SigningKeyStore, {
  instanceName: constant([], z.string()),
  current: repeatable([], z.object({ kid: z.string(), privateJwk: jwk })),
  publicKeys: look([], z.array(jwk)),
  list: look([], z.array(record)),
  rotate: change([z.int(), actor], z.union([record, z.literal('pending')])),
});
