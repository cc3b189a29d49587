import { z } from 'zod';
import { type SigningKey, SigningKeyStore } from '#auth';
import { constant, contract, look, repeatable } from './contract.js';

const jwk = z.custom<SigningKey['privateJwk']>((value) => typeof value === 'object' && value !== null);

export const signingKeyStore = contract(SigningKeyStore, {
  instanceName: constant([], z.string()),
  current: repeatable([], z.object({ kid: z.string(), privateJwk: jwk })),
  publicKeys: look([], z.array(jwk)),
});
