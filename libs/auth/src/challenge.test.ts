import { expect, it } from 'vitest';
import { bearerChallenge } from './challenge.js';

const WHERE = { realm: 'http://127.0.0.1:5000/token', service: 'berth-1' };

it('names realm and service', () => {
  expect(bearerChallenge(WHERE)).toBe('Bearer realm="http://127.0.0.1:5000/token",service="berth-1"');
});

it('names the scope to ask for, and what was wrong', () => {
  expect(bearerChallenge({ ...WHERE, scope: 'repository:acme/app:pull,push', error: 'insufficient_scope' })).toBe(
    'Bearer realm="http://127.0.0.1:5000/token",service="berth-1",scope="repository:acme/app:pull,push",error="insufficient_scope"',
  );
});

it('can be read the way clients read it', () => {
  const text = bearerChallenge({ ...WHERE, scope: 'repository:acme/app:pull,push', error: 'invalid_token' });
  const parameters = Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
  expect(parameters).toEqual({ ...WHERE, scope: 'repository:acme/app:pull,push', error: 'invalid_token' });
});
