import { expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { type Contract, change, contract, look } from './contract.js';
import { METADATA_CONTRACTS } from './index.js';

abstract class Port {
  abstract get(name: string): Promise<{ size: number; note?: string } | undefined>;
  abstract set(name: string, size: number): Promise<void>;
}

const get = look([z.string()], z.object({ size: z.int(), note: z.exactOptional(z.string()) }).optional());
const set = change([z.string(), z.int()], z.undefined());

// The type check of this file is the test: each expected error must be one.
it('complains at compile time about what a port and its contract do not share', () => {
  expectTypeOf(contract(Port, { get, set })).toEqualTypeOf<Contract<Port>>();
  // @ts-expect-error a method is missing
  contract(Port, { get });
  // @ts-expect-error a method that the port does not have
  contract(Port, { get, set, remove: set });
  // @ts-expect-error an argument is missing
  contract(Port, { get, set: change([z.string()], z.undefined()) });
  // @ts-expect-error an argument of another type
  contract(Port, { get, set: change([z.string(), z.string()], z.undefined()) });
  // @ts-expect-error an optional property would be dropped on the way
  contract(Port, { set, get: look([z.string()], z.object({ size: z.int() }).optional()) });
  // @ts-expect-error an answer that may be absent
  contract(Port, { set, get: look([z.string()], z.object({ size: z.int(), note: z.exactOptional(z.string()) })) });
});

it('has every service once', () => {
  const services = METADATA_CONTRACTS.map(({ service }) => service);
  expect(new Set(services).size).toBe(services.length);
});
