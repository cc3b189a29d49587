import { UntaggedRules } from '#registry';
import type { Database } from './database.js';
import { reviewTime } from './review.js';
import { inTransaction, type Transaction } from './transaction.js';

export class PrismaUntaggedRules extends UntaggedRules {
  /** `untaggedAfter` as for `PrismaManifestStore`. */
  constructor(
    private readonly database: Database,
    private readonly untaggedAfter: number | undefined,
  ) {
    super();
  }

  override async noteInstanceRule(): Promise<void> {
    const rule = this.untaggedAfter === undefined ? 'never' : String(this.untaggedAfter);
    // The first note finds marks that were written by no other rule that anybody knows of.
    await this.database.$executeRaw`
      UPDATE untagged_rule SET rule = ${rule}, rewriting_after = CASE WHEN rule IS NULL THEN NULL ELSE 0 END
      WHERE rule IS DISTINCT FROM ${rule}`;
  }

  override rewriteSome(limit: number): Promise<boolean> {
    return inTransaction(
      this.database,
      async (tx) => (await this.tellPackages(tx, limit)) || (await this.rewritePackage(tx, limit)),
    );
  }

  /** Packages that go by the instance's rule, in the order of their ids. */
  private async tellPackages(tx: Transaction, limit: number): Promise<boolean> {
    const [place] = await tx.$queryRaw<Array<{ after: number }>>`
      SELECT rewriting_after AS after FROM untagged_rule WHERE rewriting_after IS NOT NULL FOR UPDATE SKIP LOCKED`;
    if (!place) return false;
    const page = await tx.$queryRaw<Array<{ id: number }>>`
      SELECT id FROM packages WHERE id > ${place.after} ORDER BY id LIMIT ${limit}`;
    const ids = page.map(({ id }) => id);
    await tx.$executeRaw`
      WITH locked AS (
        SELECT id FROM packages WHERE id = ANY(${ids}::int[]) AND untagged_after IS NULL AND NOT keeps_untagged
        ORDER BY id FOR NO KEY UPDATE)
      UPDATE packages SET marks_after = '' FROM locked WHERE packages.id = locked.id`;
    await tx.$executeRaw`
      UPDATE untagged_rule SET rewriting_after = ${ids.length < limit ? null : (ids.at(-1) ?? null)}::int`;
    return true;
  }

  /** The next manifests without a tag of one package, in the order of their pushes. */
  private async rewritePackage(tx: Transaction, limit: number): Promise<boolean> {
    const [place] = await tx.$queryRaw<Array<{ id: number; after: string }>>`
      SELECT id, marks_after AS after FROM packages WHERE marks_after IS NOT NULL
      ORDER BY id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED`;
    if (!place) return false;
    const [at = '', id = '0'] = place.after.split('|');
    const page = await tx.$queryRaw<Array<{ id: number; at: string }>>`
      SELECT id, pushed_at::text AS at FROM manifests
      WHERE package_id = ${place.id} AND deleted_at IS NULL
        AND (pushed_at, id) > (${at || '-infinity'}::timestamptz, ${Number(id)}::int)
      ORDER BY pushed_at, id LIMIT ${limit}`;
    await tx.$executeRaw`
      WITH locked AS (
        SELECT id FROM manifests m WHERE id = ANY(${page.map((row) => row.id)}::int[]) AND NOT is_leftover
          AND NOT EXISTS (SELECT FROM tags t WHERE t.manifest_id = m.id)
        ORDER BY id FOR NO KEY UPDATE)
      UPDATE manifests SET review_at = ${reviewTime(place.id, this.untaggedAfter)}
      FROM locked WHERE manifests.id = locked.id`;
    const last = page.length === limit ? page.at(-1) : undefined;
    await tx.$executeRaw`
      UPDATE packages SET marks_after = ${last ? `${last.at}|${last.id}` : null} WHERE id = ${place.id}`;
    return true;
  }
}
