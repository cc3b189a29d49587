import type { Digest, Page, PageRequest } from '#oci';
import { type Actor, type NumberedList, type NumberedPage, type TagChange, TagStore } from '#registry';
import { recordEvent } from './audit.js';
import type { Database } from './database.js';
import { passGate } from './gate.js';
import { moveTag } from './move-tag.js';
import { setReview } from './review.js';
import { logTag } from './tag-log.js';
import { TagRules } from './tag-rules.js';
import { inTransaction } from './transaction.js';

export class PrismaTagStore extends TagStore {
  /** `untaggedAfter` as for `PrismaManifestStore`. */
  constructor(
    private readonly database: Database,
    private readonly untaggedAfter: number | undefined,
  ) {
    super();
  }

  override async list(packageId: number, { limit, after }: PageRequest): Promise<Page<string>> {
    if (limit === 0) return { items: [], next: undefined };
    const rows = await this.database.$queryRaw<Array<{ name: string }>>`
      SELECT name FROM tags WHERE package_id = ${packageId} AND name > ${after ?? ''} ORDER BY name LIMIT ${limit + 1}`;
    const items = rows.slice(0, limit).map((row) => row.name);
    return { items, next: rows.length > limit ? items.at(-1) : undefined };
  }

  override async remove(packageId: number, tag: string, actor: Actor): Promise<boolean> {
    return inTransaction(this.database, async (tx) => {
      await passGate(tx, packageId, 'adding'); // the manifest stays: nothing that an adder relies on goes away
      const [removed] = await tx.$queryRaw<Array<{ manifestId: number; digest: string }>>`
        DELETE FROM tags t USING manifests m
        WHERE t.package_id = ${packageId} AND t.name = ${tag} AND m.id = t.manifest_id
        RETURNING m.id AS "manifestId", m.digest`;
      if (!removed) return false;
      const rules = await TagRules.of(tx, packageId, actor);
      await rules.assert({ tag, from: removed.digest, to: undefined });
      await logTag(tx, { packageId, tag, from: removed.digest, to: undefined, actor });
      await recordEvent(tx, { kind: 'tag.delete', packageId, actor, data: { tag, digest: removed.digest } });
      await setReview(tx, { manifestIds: [removed.manifestId], packageId, untaggedAfter: this.untaggedAfter });
      return true;
    });
  }

  override async history(
    packageId: number,
    tag: string,
    { limit, offset, after }: NumberedPage,
  ): Promise<NumberedList<TagChange>> {
    const key = /^[0-9]{1,18}$/.test(after ?? '') ? after : undefined;
    const rows = await this.database.$queryRaw<Array<HistoryRow>>`
      SELECT l.id::text AS id, l.at, l.from_digest AS "from", l.to_digest AS "to", coalesce(u.login, l.actor) AS actor
      FROM tag_log l
      LEFT JOIN users u ON u.id = CASE WHEN l.actor ~ '^user:[0-9]{1,9}$' THEN substr(l.actor, 6)::int END
      WHERE l.package_id = ${packageId} AND l.name = ${tag} AND (${key ?? null}::bigint IS NULL OR l.id < ${key ?? null}::bigint)
      ORDER BY l.id DESC LIMIT ${limit + 1} OFFSET ${key === undefined ? offset : 0}`;
    const [count] = await this.database.$queryRaw<Array<{ total: number }>>`
      SELECT count(*)::int AS total FROM tag_log WHERE package_id = ${packageId} AND name = ${tag}`;
    const shown = rows.slice(0, limit);
    return {
      items: shown.map(({ at, from, to, actor }) => ({ at, from: from ?? undefined, to: to ?? undefined, actor })),
      total: count?.total ?? 0,
      next: rows.length > limit ? shown.at(-1)?.id : undefined,
    };
  }

  override async set(packageId: number, tag: string, digest: Digest, actor: Actor): Promise<boolean> {
    return inTransaction(this.database, async (tx) => {
      await passGate(tx, packageId, 'adding');
      const [target] = await tx.$queryRaw<Array<{ id: number }>>`
        SELECT m.id FROM manifests m JOIN packages p ON p.id = m.package_id AND p.deleted_at IS NULL
        WHERE m.package_id = ${packageId} AND m.digest = ${digest} AND m.deleted_at IS NULL`;
      if (!target) return false;
      await tx.$executeRaw`UPDATE manifests SET is_leftover = false WHERE id = ${target.id} AND is_leftover`;
      const rules = await TagRules.of(tx, packageId, actor);
      const before = await moveTag(tx, { packageId, tag, manifestId: target.id, digest, actor, rules });
      const manifestIds = before === undefined ? [] : [before];
      await setReview(tx, { manifestIds, packageId, untaggedAfter: this.untaggedAfter });
      return true;
    });
  }
}

interface HistoryRow {
  id: string;
  at: Date;
  from: Digest | null;
  to: Digest | null;
  actor: string;
}
