import { expect, it } from 'vitest';
import { goingManifests, type HeldManifest } from './going-manifests.js';

const manifest = (id: number, more: Partial<HeldManifest> = {}): HeldManifest => ({
  id,
  isLive: true,
  isTagged: false,
  staysUntagged: false,
  takesAlong: false,
  isNamedElsewhere: false,
  names: [],
  subject: undefined,
  ...more,
});
const going = (manifests: HeldManifest[], ...asked: number[]) =>
  [...goingManifests(manifests, new Set(asked))].sort((a, b) => a - b);

it.each<[string, HeldManifest[], number[], number[]]>([
  ['nothing', [], [], []],
  ['what was asked for, its tag or not', [manifest(1, { isTagged: true })], [1], [1]],
  ['not what an index outside needs', [manifest(1, { isNamedElsewhere: true })], [1], []],
  ['not a child before its index', [manifest(1), manifest(2, { names: [1], isNamedElsewhere: true })], [1, 2], []],
  [
    'children with the last index that names them',
    [manifest(1), manifest(2, { names: [1] }), manifest(3, { names: [1] })],
    [2, 3],
    [1, 2, 3],
  ],
  [
    'no child that another index names',
    [manifest(1, { isNamedElsewhere: true }), manifest(2, { names: [1] })],
    [2],
    [2],
  ],
  ['no child with a tag', [manifest(1, { isTagged: true }), manifest(2, { names: [1] })], [2], [2]],
  ['no child that is deleted already', [manifest(1, { isLive: false }), manifest(2, { names: [1] })], [2], [2]],
  ['no child that the rule never takes', [manifest(1, { staysUntagged: true }), manifest(2, { names: [1] })], [2], [2]],
  ['no child about something that stays', [manifest(1, { subject: 9 }), manifest(2, { names: [1] })], [2], [2]],
  ['nested children', [manifest(1), manifest(2, { names: [1] }), manifest(3, { names: [2] })], [3], [1, 2, 3]],
  ['referrers of referrers', [manifest(1), manifest(2, { subject: 1 }), manifest(3, { subject: 2 })], [1], [1, 2, 3]],
  ['referrers, whatever the rule', [manifest(1), manifest(2, { subject: 1, staysUntagged: true })], [1], [1, 2]],
  [
    'referrers with the last index that names them, whatever the rule',
    [manifest(1), manifest(2, { subject: 1, staysUntagged: true }), manifest(3, { names: [2] })],
    [1, 3],
    [1, 2, 3],
  ],
  [
    'no referrer that an index names',
    [manifest(1), manifest(2, { subject: 1 }), manifest(3, { names: [2], isTagged: true })],
    [1],
    [1],
  ],
  [
    'what belonged to one that takes all along, and what belonged to that, whatever the rule',
    [
      manifest(1, { staysUntagged: true }),
      manifest(2, { staysUntagged: true, names: [1] }),
      manifest(3, { names: [2], takesAlong: true }),
      manifest(4, { staysUntagged: true, subject: 3, names: [5] }),
      manifest(5, { staysUntagged: true }),
    ],
    [3],
    [1, 2, 3, 4, 5],
  ],
  [
    'no child with a tag of one that takes all along',
    [manifest(1, { staysUntagged: true, isTagged: true }), manifest(2, { names: [1], takesAlong: true })],
    [2],
    [2],
  ],
  [
    'no referrer with a tag, nor what is about it',
    [manifest(1), manifest(2, { subject: 1, isTagged: true }), manifest(3, { subject: 2 })],
    [1],
    [1],
  ],
  [
    'neither of an index and its child that is its subject',
    [manifest(1), manifest(2, { names: [1], subject: 1 }), manifest(3, { names: [2] })],
    [3],
    [3],
  ],
])('lets go %s', (_, manifests, asked, gone) => {
  expect(going(manifests, ...asked)).toEqual(gone);
  expect(going([...manifests].reverse(), ...asked), 'in any order').toEqual(gone);
});
