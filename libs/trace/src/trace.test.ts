import { expect, it } from 'vitest';
import { currentTrace, runInTrace, traceFields, traceparent } from './trace.js';

const ID = '0af7651916cd43dd8448eb211c80319c';

it('goes on with the trace that a header names', () => {
  runInTrace(`00-${ID}-b7ad6b7169203331-01`, () => {
    expect(traceFields()).toEqual({ traceId: ID });
    expect(traceparent()).toMatch(new RegExp(`^00-${ID}-[0-9a-f]{16}-01$`));
    expect(traceparent()).not.toContain('b7ad6b7169203331');
  });
});

it.each([
  undefined,
  '',
  'x',
  `00-${ID}-b7ad6b7169203331`,
  `ff-${ID}-b7ad6b7169203331-01`,
  `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
  `00-${ID}-0000000000000000-01`,
  `00-${ID.toUpperCase()}-b7ad6b7169203331-01`,
])('begins a new one for %j', (header) => {
  runInTrace(header, () => {
    expect(currentTrace()?.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(currentTrace()?.traceId).not.toBe(ID);
  });
});

it('is none outside of a request', () => {
  expect(currentTrace()).toBeUndefined();
  expect(traceparent()).toBeUndefined();
  expect(traceFields()).toEqual({});
});
