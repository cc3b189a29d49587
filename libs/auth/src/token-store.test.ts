import { expect, it } from 'vitest';
import { mayManage, type TokenBounds } from './token-store.js';

const bounds = (more: Partial<TokenBounds> = {}): TokenBounds => ({
  scopes: ['read:packages', 'write:packages'],
  namespace: undefined,
  packageIds: undefined,
  expiresAt: undefined,
  signedOnTo: [],
  isSignedOn: false,
  ...more,
});
const day = (n: number) => new Date(Date.UTC(2027, 0, n));

it.each<[string, Partial<TokenBounds>, Partial<TokenBounds>]>([
  ['its like', {}, {}],
  ['fewer scopes', {}, { scopes: ['read:packages'] }],
  ['a namespace', {}, { namespace: 'acme' }],
  ['the same namespace', { namespace: 'acme' }, { namespace: 'acme' }],
  ['some of its packages', { packageIds: [1, 2] }, { packageIds: [2] }],
  ['an earlier end', { expiresAt: day(2) }, { expiresAt: day(1) }],
  ['the same end', { expiresAt: day(2) }, { expiresAt: day(2) }],
  ['one of its authorisations', { signedOnTo: ['acme', 'guild'] }, { signedOnTo: ['guild'] }],
  ['any authorisation, where somebody signed in', { isSignedOn: true }, { signedOnTo: ['guild'] }],
])('lets a token manage one with %s', (_, own, other) => {
  expect(mayManage(bounds(own), bounds(other))).toBe(true);
});

it.each<[string, Partial<TokenBounds>, Partial<TokenBounds>]>([
  ['another scope', {}, { scopes: ['read:packages', 'delete:packages'] }],
  ['no namespace', { namespace: 'acme' }, {}],
  ['another namespace', { namespace: 'acme' }, { namespace: 'other' }],
  ['no packages', { packageIds: [1] }, {}],
  ['more packages', { packageIds: [1] }, { packageIds: [1, 2] }],
  ['no end', { expiresAt: day(1) }, {}],
  ['a later end', { expiresAt: day(1) }, { expiresAt: day(2) }],
  ['an authorisation for single sign-on', {}, { signedOnTo: ['guild'] }],
  ['another authorisation', { signedOnTo: ['acme'] }, { signedOnTo: ['guild'] }],
])('lets it manage none with %s', (_, own, other) => {
  expect(mayManage(bounds(own), bounds(other))).toBe(false);
});
