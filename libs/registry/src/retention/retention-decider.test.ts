import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationText, type NewestCount, RetentionDecider } from './retention-decider.js';
import type { RetainableTag, RetentionPolicy, RetentionRule } from './retention-policy.js';
import { comesBehind } from './tag-place.js';

const SECOND = 1_000_000;
const DAY = 86_400;
const NOW = 1_800_000_000 * SECOND;
const digest = `sha256:${'a'.repeat(64)}` as RetainableTag['digest'];

const tag = (name: string, versionId: number, daysAgo: number, more: Partial<RetainableTag> = {}): RetainableTag => ({
  name,
  versionId,
  digest,
  pushedAt: NOW - daysAgo * DAY * SECOND,
  pulledAt: undefined,
  isBuildCache: false,
  protection: undefined,
  about: undefined,
  ...more,
});

const rule = (more: Partial<RetentionRule>): RetentionRule => ({
  tags: undefined,
  newest: undefined,
  pushedWithin: undefined,
  pulledWithin: undefined,
  ...more,
});
const policy = (keep: Array<Partial<RetentionRule>>, tags?: string): RetentionPolicy => ({
  tags,
  keep: keep.map(rule),
});

const judge = (by: RetentionPolicy, tags: RetainableTag[]) => {
  const decider = new RetentionDecider(by, NOW);
  return tags.map((one) => ({ name: one.name, ...decider.judge(one) }));
};
const kept = (by: RetentionPolicy, tags: RetainableTag[]) =>
  judge(by, tags)
    .filter(({ isKept }) => isKept)
    .map(({ name }) => name);

describe('newest', () => {
  it('counts versions, and keeps all of their tags', () => {
    const tags = [
      tag('latest', 3, 0),
      tag('1.2', 3, 0),
      tag('1.2.0', 3, 0),
      tag('1.1', 2, 1),
      tag('1.0', 1, 2),
      tag('old-name', 3, 9),
    ];
    expect(kept(policy([{ newest: 2 }]), tags)).toEqual(['latest', '1.2', '1.2.0', '1.1', 'old-name']);
  });

  it('counts only tags that it is for, in each rule by itself', () => {
    const tags = [tag('pr-9', 9, 0), tag('v2', 2, 1), tag('pr-8', 8, 2), tag('v1', 1, 3), tag('pr-7', 7, 4)];
    const by = policy([
      { tags: 'v.*', newest: 1 },
      { tags: 'pr-.*', newest: 2 },
    ]);
    expect(kept(by, tags)).toEqual(['pr-9', 'v2', 'pr-8']);
  });

  it('counts no tag that clients set for signatures', () => {
    const signature = `sha256-${'b'.repeat(64)}.sig`;
    const tags = [
      tag(signature, 5, 0, { about: digest }),
      tag(`${signature}2`, 4, 0),
      tag('v2', 2, 1),
      tag('v1', 1, 2),
    ];
    expect(kept(policy([{ newest: 1 }]), tags)).toEqual([signature, 'v2']);
  });

  it('counts no build cache, and leaves it to its budget', () => {
    const tags = [tag('cache', 9, 0, { isBuildCache: true }), tag('v2', 2, 1), tag('v1', 1, 2)];
    expect(kept(policy([{ newest: 1 }]), tags)).toEqual(['cache', 'v2']);
  });

  it('counts versions that something else keeps as well', () => {
    const protection = { rule: 'v.*', reason: 'such tags stay where they are' };
    const tags = [tag('v2', 2, 0, { protection }), tag('b', 1, 1), tag('v0', 3, 2, { protection })];
    expect(kept(policy([{ newest: 1 }]), tags)).toEqual(['v2', 'v0']);
  });
});

describe('rules', () => {
  it('match whole tags', () => {
    expect(kept(policy([{ tags: 'v1' }]), [tag('v1', 1, 0), tag('v11', 2, 0), tag('xv1', 3, 0)])).toEqual(['v1']);
  });

  it('are enough one by one, and all say why', () => {
    const [first] = judge(policy([{ tags: 'v.*' }, { newest: 5 }, { pushedWithin: DAY }]), [tag('v1', 1, 0)]);
    expect(first).toMatchObject({
      isKept: true,
      until: undefined,
      reasons: ['rule 1 keeps every tag of v.*', 'rule 2 keeps the newest 5', 'rule 3 keeps what was pushed within 1d'],
    });
    expect(judge(policy([{ tags: 'v.*' }]), [tag('x', 1, 0)])).toEqual([
      { name: 'x', isKept: false, reasons: ['no rule keeps it'], until: undefined },
    ]);
  });

  it('go by the push, and by the pull with a day of slack', () => {
    const pulled = (daysAgo: number) => ({ pulledAt: NOW - daysAgo * DAY * SECOND });
    const tags = [
      tag('new', 1, 6.9),
      tag('old', 2, 7.1),
      tag('pulled', 3, 99, pulled(7.9)),
      tag('pulled-long-ago', 4, 99, pulled(8.1)),
      tag('never-pulled', 5, 7.9),
    ];
    expect(kept(policy([{ pushedWithin: 7 * DAY }]), tags)).toEqual(['new']);
    expect(kept(policy([{ pulledWithin: 7 * DAY }]), tags)).toEqual(['new', 'old', 'pulled', 'never-pulled']);
    expect(kept(policy([{ pushedWithin: 0 }]), [tag('now', 1, 0)])).toEqual([]);
  });

  it('say until when time alone keeps a tag: until the last of them ends', () => {
    const by = policy([{ pushedWithin: 2 * DAY }, { tags: 'x', pushedWithin: 5 * DAY }]);
    const [x, y] = judge(by, [tag('x', 1, 1), tag('y', 2, 1)]);
    expect(x?.until).toBe(NOW + 4 * DAY * SECOND);
    expect(y?.until).toBe(NOW + DAY * SECOND);
  });

  it('judge no tag that the policy is not for', () => {
    const by = policy([{ newest: 1 }], 'pr-.*');
    expect(judge(by, [tag('v1', 1, 0), tag('pr-2', 2, 1), tag('pr-1', 3, 2)])).toMatchObject([
      { isKept: true, reasons: ['the policy is for tags that match pr-.*'] },
      { isKept: true },
      { isKept: false },
    ]);
  });

  it('remove nothing that a rule for tags protects, and say so', () => {
    const protection = { rule: 'v.*', reason: 'such tags stay where they are' };
    expect(judge(policy([{ tags: 'none' }]), [tag('v1', 1, 99, { protection })])).toMatchObject([
      { isKept: true, reasons: ['the rule for tags v.* protects it: such tags stay where they are'], until: undefined },
    ]);
  });

  it('take no time over patterns on which others backtrack', () => {
    const by = policy([{ tags: '(a+)+$|(a|aa)+b|([a-z]+)*1' }]);
    const long = 'a'.repeat(127);
    expect(kept(by, [tag(`${long}!`, 1, 0), tag(long, 2, 0)])).toEqual([long]);
  });
});

const someTag = fc.record({
  name: fc.stringMatching(/^(v|pr-|sha256-)[a-c0-9.]{1,4}$/),
  versionId: fc.integer({ min: 1, max: 8 }),
  pushedAt: fc.integer({ min: NOW - 20 * DAY * SECOND, max: NOW }),
  pulledAt: fc.option(fc.integer({ min: NOW - 20 * DAY * SECOND, max: NOW }), { nil: undefined }),
});
const someRule = fc.record({
  tags: fc.option(fc.constantFrom('v.*', 'pr-.*', '.*1.*'), { nil: undefined }),
  newest: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
});

/** Tags that differ in name, as they are judged. */
const inOrder = (some: Array<Partial<RetainableTag>>): RetainableTag[] =>
  some
    .map((one) => ({ ...tag('', 0, 0), ...one }))
    .filter((one, i, all) => all.findIndex(({ name }) => name === one.name) === i)
    .sort((a, b) => (comesBehind(a, b) ? 1 : comesBehind(b, a) ? -1 : b.name.localeCompare(a.name)));

/** The same in other words: sets, not one after the other. */
function expectedNames(keep: Array<Pick<RetentionRule, 'tags' | 'newest'>>, tags: RetainableTag[]): Set<string> {
  const names = new Set<string>();
  for (const { tags: pattern, newest } of keep) {
    const matching = tags.filter(({ name }) => new RegExp(`^(?:${pattern ?? '.*'})$`).test(name));
    const versions = [...new Set(matching.map(({ versionId }) => versionId))].slice(0, newest ?? 1e9);
    for (const { name, versionId } of matching) if (versions.includes(versionId)) names.add(name);
  }
  return names;
}

describe('whatever the tags and rules', () => {
  it('keeps what the rules say, and adding a rule removes nothing more', () => {
    fc.assert(
      fc.property(fc.array(someTag), fc.array(someRule, { minLength: 1, maxLength: 3 }), (some, keep) => {
        const tags = inOrder(some);
        const names = new Set(kept(policy(keep), tags));
        expect(names).toEqual(expectedNames(keep, tags));
        const more = kept(policy([...keep, { pushedWithin: 3 * DAY }]), tags);
        for (const name of names) expect(more).toContain(name);
      }),
    );
  });

  it('decides the same where it goes on page by page, by counts and what it recalls', () => {
    const somePolicy = fc.record({
      keep: fc.array(someRule, { minLength: 1, maxLength: 3 }),
      tags: fc.option(fc.constantFrom('v.*', '.*[0-9].*'), { nil: undefined }),
    });
    const somePages = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 });
    fc.assert(
      fc.property(
        fc.array(someTag, { maxLength: 40 }),
        somePolicy,
        somePages,
        (some, { keep, tags: pattern }, sizes) => {
          const tags = inOrder(some);
          const by = policy([...keep, { pushedWithin: 3 * DAY }], pattern);
          const paged: Array<{ name: string }> = [];
          let counts: NewestCount[] | undefined;
          for (let from = 0, page = 0; from < tags.length; page++) {
            const to = from + (sizes[page % sizes.length] ?? 1);
            const decider = new RetentionDecider(by, NOW, JSON.parse(JSON.stringify(counts ?? [])));
            const versions = new Set(tags.slice(from, to).map(({ versionId }) => versionId));
            for (const [i, before] of tags.slice(0, from).entries()) {
              if (!versions.has(before.versionId)) continue;
              expect({ name: before.name, ...decider.recall(before) }, 'a tag of a page before').toEqual(paged[i]);
            }
            for (const one of tags.slice(from, to)) paged.push({ name: one.name, ...decider.judge(one) });
            counts = decider.counts;
            from = to;
          }
          expect(paged).toEqual(judge(by, tags));
        },
      ),
      { numRuns: 500 },
    );
  });
});

it('writes durations as settings do', () => {
  expect([0, 45, 120, 5400, 7200, DAY, 14 * DAY, 90_000].map(durationText)).toEqual([
    '0s',
    '45s',
    '2m',
    '90m',
    '2h',
    '1d',
    '14d',
    '25h',
  ]);
});
