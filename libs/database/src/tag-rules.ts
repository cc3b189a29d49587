import QuickLRU from 'quick-lru';
import { RE2JS } from 're2js';
import { fail } from '#oci';
import type { Actor } from '#registry';
import type { Transaction } from './transaction.js';

/** A change of one tag: no `from` for a new one, no `to` for a deletion. */
interface TagChange {
  tag: string;
  from: string | undefined;
  to: string | undefined;
}

/** The rule that forbids a change, by its pattern. */
export interface TagViolation {
  tag: string;
  rule: string;
  reason: string;
}

interface RuleRow {
  pattern: string;
  isImmutable: boolean;
  publishers: string[] | null;
}

/** Expressions are compiled once; the engine has no backtracking, so no pattern makes a push slow. */
const compiled = new QuickLRU<string, RE2JS>({ maxSize: 500 });

function matches(pattern: string, tag: string): boolean {
  const expression = compiled.get(pattern) ?? RE2JS.compile(pattern);
  compiled.set(pattern, expression);
  return expression.matches(tag);
}

const STAYS = 'such tags stay where they are';
const onlyOf = (publishers: string[]) => `only ${publishers.join(', ')} may set, move or delete such tags`;

/**
 * The rules for a package's tags: the one place that every move and deletion of a tag asks, whatever surface it came from.
 * The caller has passed the package's gate; rules change only alone behind it.
 */
export class TagRules {
  private constructor(
    private readonly tx: Transaction,
    private readonly rules: RuleRow[],
    private readonly actor: Actor,
  ) {}

  static async of(tx: Transaction, packageId: number, actor: Actor): Promise<TagRules> {
    const rules = await tx.$queryRaw<RuleRow[]>`
      SELECT pattern, is_immutable AS "isImmutable", publishers FROM tag_rules WHERE package_id = ${packageId} ORDER BY id`;
    return new TagRules(tx, rules, actor);
  }

  /** What forbids the change; undefined where nothing does. Setting a tag to what it is changes nothing. */
  async violation({ tag, from, to }: TagChange): Promise<TagViolation | undefined> {
    if (from === to) return undefined;
    for (const { pattern, isImmutable, publishers } of this.rules) {
      if (!matches(pattern, tag)) continue;
      const violation = { tag, rule: pattern };
      if (isImmutable && from !== undefined) return { ...violation, reason: STAYS };
      if (publishers && !(await this.isAmong(publishers))) {
        return { ...violation, reason: onlyOf(publishers) };
      }
    }
    return undefined;
  }

  /** What keeps a tag from being deleted by who is nobody's user, team or workflow: by a rule of retention. */
  protection(tag: string): { rule: string; reason: string } | undefined {
    const rule = this.rules.find(({ pattern }) => matches(pattern, tag));
    if (!rule) return undefined;
    const { pattern, isImmutable, publishers } = rule;
    if (isImmutable) return { rule: pattern, reason: STAYS };
    return { rule: pattern, reason: onlyOf(publishers ?? []) };
  }

  /** Errors: DENIED with the rule. */
  async assert(change: TagChange): Promise<void> {
    const violation = await this.violation(change);
    if (violation) fail('DENIED', violation);
  }

  private async isAmong(publishers: string[]): Promise<boolean> {
    const { userId, sourceId } = this.actor;
    const [row] = await this.tx.$queryRaw<Array<{ isPublisher: boolean }>>`
      SELECT EXISTS (SELECT FROM unnest(${publishers}::text[]) AS r(publisher)
        WHERE publisher = 'user:' || (SELECT login_key FROM users WHERE id = ${userId ?? null}::int)
          OR publisher = 'workflow:' || (SELECT url FROM sources WHERE id = ${sourceId ?? null}::int)
          OR publisher IN (SELECT 'team:' || ns.path || '/' || o.slug FROM team_members tm
            JOIN teams t ON t.id = tm.team_id JOIN teams o ON o.id = ANY (t.lineage)
            JOIN namespaces ns ON ns.id = o.namespace_id WHERE tm.user_id = ${userId ?? null}::int)) AS "isPublisher"`;
    return row?.isPublisher ?? false;
  }
}
