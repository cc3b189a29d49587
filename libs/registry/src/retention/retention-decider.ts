import { RE2JS } from 're2js';
import type { RetainableTag, RetentionDecision, RetentionPolicy, RetentionRule } from './retention-policy.js';

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

/**
 * Judges the tags of one package by a policy, one after the other: the one pushed last comes first, of two pushed at the same
 * moment the one of the younger version. It remembers as many versions as its rules keep, however many tags come by; the
 * engine of its expressions does not backtrack. `now` in microseconds since 1970.
 */
export function retentionDecider(policy: RetentionPolicy, now: number): (tag: RetainableTag) => RetentionDecision {
  const isSelected = matcher(policy.tags);
  const rules = policy.keep.map((rule, i) => ruleDecider(rule, `rule ${i + 1}`, now));
  return (tag) => {
    if (!isSelected(tag.name)) return kept(`the policy is for tags that match ${policy.tags}`);
    if (tag.isBuildCache) return kept('build caches go by their budget');
    // Every rule sees every tag, and counts it.
    const holds = rules.map((judge) => judge(tag)).filter((hold) => hold !== undefined);
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
  };
}

const kept = (reason: string): RetentionDecision => ({ isKept: true, reasons: [reason], until: undefined });

function ruleDecider(
  { tags, newest, pushedWithin, pulledWithin }: RetentionRule,
  name: string,
  now: number,
): (tag: RetainableTag) => Hold | undefined {
  const isMatch = matcher(tags);
  const of = tags === undefined ? '' : ` of ${tags}`;
  if (newest !== undefined) return newestDecider(newest, isMatch, `${name} keeps the newest ${newest}${of}`);
  const reason = `${name} keeps ${wordsOf({ pushedWithin, pulledWithin })}${of}`;
  return (tag) => {
    if (!isMatch(tag.name)) return undefined;
    const until =
      pushedWithin !== undefined
        ? tag.pushedAt + pushedWithin * SECOND
        : pulledWithin !== undefined
          ? Math.max(tag.pushedAt, tag.pulledAt ?? 0) + pulledWithin * SECOND + PULL_SLACK
          : Infinity;
    return until > now ? { reason, until } : undefined;
  };
}

/** Versions are counted, not tags: `1.2.3`, `1.2` and `latest` of one version are one. */
function newestDecider(newest: number, isMatch: (tag: string) => boolean, reason: string) {
  const versions = new Set<number>();
  return ({ name, versionId }: RetainableTag): Hold | undefined => {
    if (!isMatch(name) || FALLBACK.test(name)) return undefined;
    if (versions.size < newest) versions.add(versionId);
    return versions.has(versionId) ? { reason, until: Infinity } : undefined;
  };
}

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
