import { Batcher } from '#batching';
import type { Digest, Page, PageRequest, Reference } from '#oci';
import { type AskedFor, type Remover, type Tombstone, type TombstoneDetails, Tombstones } from '#registry';
import { type Database, Prisma } from './database.js';
import { downwardsFrom, pageOfIds } from './id-pages.js';
import { inTransaction } from './transaction.js';

interface Key {
  packageId: number;
  reference: string;
}

interface TombstoneRow {
  digest: Digest;
  removedAt: Date;
  removedBy: string;
  /** Of the user that `removedBy` names. */
  login: string | null;
  restorableUntil: Date | null;
}

interface DetailsRow extends TombstoneRow {
  id: number;
  reference: string;
  versionId: number | null;
  asked: number;
  askedAt: Date | null;
  askedBy: string | null;
}

export class PrismaTombstones extends Tombstones {
  private readonly batcher = new Batcher((keys: Key[]) => this.findMany(keys));

  constructor(private readonly database: Database) {
    super();
  }

  override async find(packageId: number, reference: Reference): Promise<Tombstone | undefined> {
    const text = reference.kind === 'tag' ? reference.tag : reference.digest;
    return this.batcher.find({ packageId, reference: text });
  }

  private async findMany(keys: Key[]): Promise<Array<Tombstone | undefined>> {
    // A client that asks again and again for what is gone must stay cheap.
    const statement = Prisma.sql`
      SELECT r.ord::int AS ord, ${TOMBSTONE}
      FROM unnest(${keys.map(({ packageId }) => packageId)}::int[], ${keys.map(({ reference }) => reference)}::text[])
        WITH ORDINALITY AS r(package_id, reference, ord)
      JOIN tombstones t ON t.package_id = r.package_id AND t.reference = r.reference ${WITH_VERSION}`;
    const rows = await this.database.lookUps.find<TombstoneRow & { ord: number }>('find-tombstones', statement);
    const found = new Map(rows.map((row) => [row.ord, tombstoneOf(row)]));
    return keys.map((_, i) => found.get(i + 1));
  }

  override async list(packageId: number, { limit, after }: PageRequest): Promise<Page<TombstoneDetails>> {
    const rows = await this.database.$queryRaw<DetailsRow[]>`
      SELECT t.id::float8 AS id, t.reference, t.asked::float8 AS asked, t.asked_at AS "askedAt", t.asked_by AS "askedBy",
        CASE WHEN ${IS_RESTORABLE} THEN m.id END AS "versionId", ${TOMBSTONE}
      FROM tombstones t ${WITH_VERSION}
      WHERE t.package_id = ${packageId} AND t.id < ${downwardsFrom(after)}::bigint ORDER BY t.id DESC LIMIT ${limit + 1}`;
    const { items, next } = pageOfIds(rows, limit);
    return {
      items: items.map((row) => ({
        ...tombstoneOf(row),
        reference: row.reference,
        versionId: row.versionId ?? undefined,
        asked: row.asked,
        askedAt: row.askedAt ?? undefined,
        askedBy: row.askedBy ?? undefined,
      })),
      next,
    };
  }

  /** In the order of keys, so that two processes that write at once never wait for each other in a circle. */
  override async count(asked: readonly AskedFor[]): Promise<void> {
    const column = <K extends keyof AskedFor>(name: K) => asked.map((entry) => entry[name]);
    await inTransaction(
      this.database,
      (tx) => tx.$executeRaw`
        WITH r AS (
          SELECT * FROM unnest(${column('packageId')}::int[], ${column('reference')}::text[], ${column('count')}::int[],
            ${column('lastAt')}::timestamptz[], ${column('lastBy')}::text[])
            AS r(package_id, reference, count, last_at, last_by)
        ), locked AS (
          SELECT t.package_id, t.reference, r.count, r.last_at, r.last_by
          FROM r JOIN tombstones t ON t.package_id = r.package_id AND t.reference = r.reference
          ORDER BY t.package_id, t.reference FOR NO KEY UPDATE OF t
        )
        UPDATE tombstones t SET asked = t.asked + l.count, asked_at = greatest(t.asked_at, l.last_at),
          asked_by = CASE WHEN t.asked_at > l.last_at THEN t.asked_by ELSE l.last_by END
        FROM locked l WHERE t.package_id = l.package_id AND t.reference = l.reference`,
    );
  }
}

/** A version that is deleted and can come back; a tag comes with it only if it had it when it was deleted. */
const IS_RESTORABLE = Prisma.sql`(m.purge_at > now() AND (t.reference = m.digest OR t.reference = ANY (m.deleted_tags)))`;

const TOMBSTONE = Prisma.sql`t.digest, t.removed_at AS "removedAt", t.removed_by AS "removedBy", u.login,
  CASE WHEN ${IS_RESTORABLE} THEN m.purge_at END AS "restorableUntil"`;

const WITH_VERSION = Prisma.sql`
  LEFT JOIN manifests m ON m.package_id = t.package_id AND m.digest = t.digest AND m.deleted_at IS NOT NULL
  LEFT JOIN users u ON u.id = CASE WHEN t.removed_by ~ '^user:[0-9]{1,9}$' THEN substr(t.removed_by, 6)::int END`;

const tombstoneOf = ({ digest, removedAt, removedBy, login, restorableUntil }: TombstoneRow): Tombstone => ({
  digest,
  removedAt,
  removedBy: removerOf(removedBy, login),
  restorableUntil: restorableUntil ?? undefined,
});

function removerOf(principal: string, login: string | null): Remover {
  const [, rule, subject] = /^(?:rule:(.*)|workflow:[0-9]+:(.*))$/s.exec(principal) ?? [];
  if (rule !== undefined) return { kind: 'rule', name: rule };
  return subject === undefined ? { kind: 'user', name: login ?? principal } : { kind: 'workflow', name: subject };
}
