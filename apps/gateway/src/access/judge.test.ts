import { expect, it } from 'vitest';
import { type AccessFacts, NO_LIMITS } from '#auth';
import { parseRepositoryName } from '#oci';
import { withAddress } from '../http/request-address.js';
import { judgementOf } from './judge.js';

const FACTS: AccessFacts = {
  subject: { kind: 'user', userId: 1, tokenId: 2, login: 'ada', scopes: ['write:packages'] },
  limits: NO_LIMITS,
  namespace: { id: 1, kind: 'organisation', role: 'owner' },
  package: undefined,
};

it('works out where a client is for what is written, not for each pull', () => {
  let asked = 0;
  const address = () => {
    asked++;
    return '192.0.2.1';
  };
  withAddress(address, () => {
    const name = parseRepositoryName('acme/app');
    expect(judgementOf('pull', FACTS, name).actor.address).toBeUndefined();
    expect(asked).toBe(0);
    expect(judgementOf('push', FACTS, name).actor.address).toBe('192.0.2.1');
  });
});
