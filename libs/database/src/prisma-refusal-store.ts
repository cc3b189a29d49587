import { type Refusal, type RefusalCount, RefusalStore } from '#auth';
import type { Database } from './database.js';

/** Kinds of refusals that a package keeps. */
const MAX_KINDS = 200;

export class PrismaRefusalStore extends RefusalStore {
  constructor(private readonly database: Database) {
    super();
  }

  override async record(refusals: RefusalCount[]): Promise<void> {
    const ids = refusals.map(({ packageId }) => packageId);
    await this.database.$executeRaw`
      DELETE FROM refusals WHERE package_id = ANY (${ids}::int[]) AND last_at < now() - interval '30 days'`;
    // In one order, so that two processes that write at once never wait for each other in a circle.
    await this.database.$executeRaw`
      INSERT INTO refusals (package_id, identity, action, rule, count)
      SELECT package_id, identity, action, rule, count FROM (
        SELECT u.*, r.package_id IS NOT NULL AS is_known,
          row_number() OVER (PARTITION BY u.package_id, r.package_id IS NULL ORDER BY u.identity, u.action, u.rule)
            + (SELECT count(*) FROM refusals k WHERE k.package_id = u.package_id) AS place
        FROM unnest(${ids}::int[], ${refusals.map(({ identity }) => identity)}::text[],
          ${refusals.map(({ action }) => action)}::text[], ${refusals.map(({ rule }) => rule)}::text[],
          ${refusals.map(({ count }) => count)}::int[]) AS u (package_id, identity, action, rule, count)
        JOIN packages p ON p.id = u.package_id AND p.deleted_at IS NULL
        LEFT JOIN refusals r ON r.package_id = u.package_id AND r.identity = u.identity AND r.action = u.action
          AND r.rule = u.rule) AS u
      WHERE is_known OR place <= ${MAX_KINDS}
      ORDER BY package_id, identity, action, rule
      ON CONFLICT (package_id, identity, action, rule)
        DO UPDATE SET count = refusals.count + excluded.count, last_at = now()`;
  }

  override async list(packageId: number): Promise<Refusal[]> {
    return this.database.$queryRaw<Refusal[]>`
      SELECT identity, action, rule, count::float8 AS count, first_at AS "firstAt", last_at AS "lastAt"
      FROM refusals WHERE package_id = ${packageId} AND last_at > now() - interval '30 days'
      ORDER BY last_at DESC, identity, action, rule LIMIT ${MAX_KINDS}`;
  }
}
