import type { Page, PageRequest } from '#oci';
import { type Actor, TagStore } from '#registry';
import { recordEvent } from './audit.js';
import type { Database } from './database.js';
import { passGate } from './gate.js';
import { setReview } from './review.js';
import { logTag } from './tag-log.js';
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
      await logTag(tx, { packageId, tag, from: removed.digest, to: undefined, actor });
      await recordEvent(tx, { kind: 'tag.delete', packageId, actor, data: { tag, digest: removed.digest } });
      await setReview(tx, { manifestIds: [removed.manifestId], packageId, untaggedAfter: this.untaggedAfter });
      return true;
    });
  }
}
