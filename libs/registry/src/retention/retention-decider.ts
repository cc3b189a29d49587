import { RE2JS } from 're2js';
import type { RetainableTag, RetentionDecision, RetentionPolicy, RetentionRule } from './retention-policy.js';
import { comesBehind, type VersionPlace } from './tag-place.js';

const SECOND = 1_000_000;
const DAY = 86_400 * SECOND;
/** Downloads are written down some seconds late, and a crash loses those. */
const PULL_SLACK = DAY;
/** A tag that clients set for what belongs to another manifest: a version of its own in nobody's eyes. */
const FALLBACK = /^sha256-[0-9a-f]{64}/;

/** What one rule says to one tag: a reason to keep it, and how long that holds. */
interface Hold {
  reason: string;
  until: number;
}

/** How far a rule of the newest has counted: so many versions, or, once it has all of its own, where the last of them came. */
export type NewestCount = number | VersionPlace;

interface Rule {
  judge(tag: RetainableTag): Hold | undefined;
}

/**
 * Judges the tags of one package by a policy, one after the other: the one pushed last comes first, of two pushed at the same
 * moment the one of the younger version. It remembers as many versions as its rules keep, however many tags come by; the
 * engine of its expressions does not backtrack. `now` in microseconds since 1970.
 *
 * It may go on where another one stopped, by what that had counted (`counts`): before a tag is judged, those of the same
 * version that were judged there are recalled.
 */
export class RetentionDecider {
  private readonly isSelected: (tag: string) => boolean;
  private readonly newest: NewestRule[] = [];
  private readonly rules: Rule[];

  constructor(
    private readonly policy: RetentionPolicy,
    now: number,
    counts: readonly NewestCount[] = [],
  ) {
    this.isSelected = matcher(policy.tags);
    this.rules = policy.keep.map((rule, i) => {
      const name = `rule ${i + 1}`;
      if (rule.newest === undefined) return ageRule(rule, name, now);
      const made = new NewestRule(rule.newest, rule.tags, name, counts[this.newest.length] ?? 0);
      this.newest.push(made);
      return made;
    });
  }

  /** How far the rules of the newest have counted, in their order. */
  get counts(): NewestCount[] {
    return this.newest.map(({ counted }) => counted);
  }

  judge(tag: RetainableTag): RetentionDecision {
    if (!this.isSelected(tag.name)) return kept(`the policy is for tags that match ${this.policy.tags}`);
    if (tag.isBuildCache) return kept('build caches go by their budget');
    // Every rule sees every tag, and counts it.
    const holds = this.rules.map((rule) => rule.judge(tag)).filter((hold) => hold !== undefined);
    const { protection, about } = tag;
    if (protection) {
      holds.unshift({
        reason: `the rule for tags ${protection.rule} protects it: ${protection.reason}`,
        until: Infinity,
      });
    }
    if (about) holds.unshift({ reason: `it belongs to ${about}`, until: Infinity });
    if (holds.length === 0) return { isKept: false, reasons: ['no rule keeps it'], until: undefined };
    const until = Math.max(...holds.map((hold) => hold.until));
    return {
      isKept: true,
      reasons: holds.map(({ reason }) => reason),
      until: Number.isFinite(until) ? until : undefined,
    };
  }

  /** Judges again a tag that is within the counts already; those of one version in the order in which they were judged. */
  recall(tag: RetainableTag): RetentionDecision {
    if (this.isSelected(tag.name) && !tag.isBuildCache) for (const rule of this.newest) rule.recall(tag);
    return this.judge(tag);
  }
}

const kept = (reason: string): RetentionDecision => ({ isKept: true, reasons: [reason], until: undefined });

function ageRule({ tags, pushedWithin, pulledWithin }: RetentionRule, name: string, now: number): Rule {
  const isMatch = matcher(tags);
  const reason = `${name} keeps ${wordsOf({ pushedWithin, pulledWithin })}${ofTags(tags)}`;
  return {
    judge(tag) {
      if (!isMatch(tag.name)) return undefined;
      const until =
        pushedWithin !== undefined
          ? tag.pushedAt + pushedWithin * SECOND
          : pulledWithin !== undefined
            ? Math.max(tag.pushedAt, tag.pulledAt ?? 0) + pulledWithin * SECOND + PULL_SLACK
            : Infinity;
      return until > now ? { reason, until } : undefined;
    },
  };
}

/** Versions are counted, not tags: `1.2.3`, `1.2` and `latest` of one version are one. */
class NewestRule implements Rule {
  private readonly isMatch: (tag: string) => boolean;
  private readonly reason: string;
  /** Of those that were counted; where it goes on from another's count, those that came by again. */
  private readonly versions = new Set<number>();

  constructor(
    private readonly newest: number,
    tags: string | undefined,
    name: string,
    public counted: NewestCount,
  ) {
    const isMatch = matcher(tags);
    this.isMatch = (tag) => isMatch(tag) && !FALLBACK.test(tag);
    this.reason = `${name} keeps the newest ${newest}${ofTags(tags)}`;
  }

  judge({ name, versionId, pushedAt }: RetainableTag): Hold | undefined {
    if (!this.isMatch(name)) return undefined;
    if (typeof this.counted === 'number' && !this.versions.has(versionId)) {
      this.versions.add(versionId);
      this.counted = this.counted + 1 < this.newest ? this.counted + 1 : { pushedAt, versionId };
    }
    return this.versions.has(versionId) ? { reason: this.reason, until: Infinity } : undefined;
  }

  recall(tag: RetainableTag): void {
    const wasCounted = typeof this.counted === 'number' || !comesBehind(tag, this.counted);
    if (wasCounted && this.isMatch(tag.name)) this.versions.add(tag.versionId);
  }
}

const ofTags = (pattern: string | undefined): string => (pattern === undefined ? '' : ` of ${pattern}`);

function wordsOf({ pushedWithin, pulledWithin }: Pick<RetentionRule, 'pushedWithin' | 'pulledWithin'>): string {
  if (pushedWithin !== undefined) return `what was pushed within ${durationText(pushedWithin)}`;
  if (pulledWithin !== undefined) return `what was pulled within ${durationText(pulledWithin)}`;
  return 'every tag';
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
] as const;

/** Seconds as settings write them: `14d`, `36h`, `90s`. */
export function durationText(seconds: number): string {
  const [unit, length] = UNITS.find(([, length]) => seconds > 0 && seconds % length === 0) ?? ['s', 1];
  return `${seconds / length}${unit}`;
}

function matcher(pattern: string | undefined): (tag: string) => boolean {
  if (pattern === undefined) return () => true;
  const expression = RE2JS.compile(pattern);
  return (tag) => expression.matches(tag);
}
