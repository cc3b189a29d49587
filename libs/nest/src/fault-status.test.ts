import { expect, it } from 'vitest';
import { faultStatus } from './fault-status.js';

it.each([
  ['a database that is not there', { code: 'ECONNREFUSED' }, 503],
  ['a pool that had no connection in time', { code: 'P2024' }, 503],
  ['a server that shuts down', { code: '57P01' }, 503],
  [
    'the same, told by Prisma',
    { code: 'P2010', meta: { driverAdapterError: { cause: { originalCode: '57P01' } } } },
    503,
  ],
  ['a connection that was lost', new Error('Connection terminated unexpectedly'), 503],
  ['no connection in time', new Error('timeout exceeded when trying to connect'), 503],
  ['a full disk', { code: 'ENOSPC' }, 507],
  ['what a library says of a request', { statusCode: 413 }, 413],
  ['a statement that is wrong', { code: '42601' }, 500],
  ['anything else', new Error('Connection'), 500],
])('%s', (_, error, status) => {
  expect(faultStatus(error)).toBe(status);
});
