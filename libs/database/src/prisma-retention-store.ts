import type { Digest, RepositoryName } from '#oci';
import {
  type Actor,
  type PackagesUnder,
  type PolicyInForce,
  placeOf,
  type RetainableTags,
  type RetentionHolder,
  type RetentionPolicy,
  RetentionStore,
  type TagPlace,
} from '#registry';
import { recordAudit, recordPackageAudit } from './audit.js';
import { type Database, Prisma } from './database.js';
import { passGate } from './gate.js';
import { BY_RETENTION } from './gc/rule-actors.js';
import { findPolicyInForce, type PolicyRow, policyOf } from './retention-in-force.js';
import { TagRules } from './tag-rules.js';
import { inTransaction, type Transaction } from './transaction.js';

interface TagRow {
  name: string;
  versionId: number;
  digest: Digest;
  pushedAt: number;
  pulledAt: number | null;
  isBuildCache: boolean;
  about: Digest | null;
}

/** A place behind every tag's: the first page begins there. */
const START: TagPlace = { pushedAt: 8e15, versionId: 2 ** 31 - 1, name: '' };

/** Microseconds since 1970 as a time, exactly. */
export const timeOf = (micros: number): Prisma.Sql =>
  Prisma.sql`('epoch'::timestamptz + ${micros}::float8 * interval '1 microsecond')`;

export class PrismaRetentionStore extends RetentionStore {
  constructor(private readonly database: Database) {
    super();
  }

  override async find(holder: RetentionHolder): Promise<RetentionPolicy | undefined> {
    const [row] = await this.database.$queryRaw<PolicyRow[]>`
      SELECT tags, keep FROM retention_policies WHERE ${isOf(holder)}`;
    return row && policyOf(row);
  }

  override set(holder: RetentionHolder, policy: RetentionPolicy, actor: Actor): Promise<boolean> {
    return inTransaction(this.database, async (tx) => {
      const target = await lockHolder(tx, holder);
      if (!target) return false;
      const keep = JSON.stringify(policy.keep);
      const changed = await tx.$executeRaw`
        UPDATE retention_policies SET tags = ${policy.tags ?? null}, keep = ${keep}::jsonb, version = version + 1,
          changed_at = now() WHERE ${isOf(holder)}`;
      if (changed === 0) {
        const { packageId, namespaceId } = columnsOf(holder);
        await tx.$executeRaw`
          INSERT INTO retention_policies (package_id, namespace_id, tags, keep)
          VALUES (${packageId}::int, ${namespaceId}::int, ${policy.tags ?? null}, ${keep}::jsonb)`;
      }
      await audit(tx, holder, target, actor, { tags: policy.tags, keep: policy.keep });
      return true;
    });
  }

  override remove(holder: RetentionHolder, actor: Actor): Promise<boolean> {
    return inTransaction(this.database, async (tx) => {
      const target = await lockHolder(tx, holder);
      if (!target) return false;
      const removed = await tx.$executeRaw`DELETE FROM retention_policies WHERE ${isOf(holder)}`;
      if (removed > 0) await audit(tx, holder, target, actor, { removed: true });
      return removed > 0;
    });
  }

  override findInForce(packageId: number): Promise<PolicyInForce | undefined> {
    return findPolicyInForce(this.database, packageId);
  }

  override tags(packageId: number, limit: number, after: TagPlace | undefined): Promise<RetainableTags> {
    const { pushedAt, versionId, name } = after ?? START;
    const order = Prisma.sql`t.pushed_at DESC, t.manifest_id DESC, t.name DESC`;
    const picked = Prisma.sql`
      t.package_id = ${packageId} AND t.pushed_at <= ${timeOf(pushedAt)}
      AND (t.pushed_at, t.manifest_id, t.name) < (${timeOf(pushedAt)}, ${versionId}::int, ${name})`;
    return this.retainable(packageId, picked, order, limit);
  }

  override tagsUpTo(
    packageId: number,
    versionIds: readonly number[],
    { pushedAt, versionId, name }: TagPlace,
    limit: number,
    after: TagPlace | undefined,
  ): Promise<RetainableTags> {
    const from = after ?? START;
    const order = Prisma.sql`t.manifest_id DESC, t.pushed_at DESC, t.name DESC`;
    const picked = Prisma.sql`
      t.package_id = ${packageId} AND t.manifest_id = ANY(${[...versionIds]}::int[])
      AND (t.pushed_at, t.manifest_id, t.name) >= (${timeOf(pushedAt)}, ${versionId}::int, ${name})
      AND (t.manifest_id, t.pushed_at, t.name) < (${from.versionId}::int, ${timeOf(from.pushedAt)}, ${from.name})`;
    return this.retainable(packageId, picked, order, limit);
  }

  /** `limit` of the `tags` that are picked, in this order. */
  private retainable(packageId: number, picked: Prisma.Sql, order: Prisma.Sql, limit: number): Promise<RetainableTags> {
    return inTransaction(this.database, async (tx) => {
      const rules = await TagRules.of(tx, packageId, BY_RETENTION);
      const rows = await tx.$queryRaw<TagRow[]>`
        SELECT t.name, t.manifest_id AS "versionId", m.digest, m.class = 'build_cache' AS "isBuildCache",
          (extract(epoch FROM t.pushed_at) * 1000000)::float8 AS "pushedAt",
          (extract(epoch FROM d.last_at) * 1000000)::float8 AS "pulledAt", s.digest AS about
        FROM (
          SELECT t.name, t.manifest_id, t.pushed_at FROM tags t WHERE ${picked} ORDER BY ${order} LIMIT ${limit + 1}
        ) t
        JOIN manifests m ON m.id = t.manifest_id
        LEFT JOIN manifest_downloads d ON d.manifest_id = m.id
        LEFT JOIN manifests s ON t.name ~ '^sha256-[0-9a-f]{64}' AND s.package_id = ${packageId}
          AND s.digest = 'sha256:' || substr(t.name, 8, 64) AND (s.deleted_at IS NULL OR s.purge_at > now())
        ORDER BY ${order}`;
      const [clock] = await tx.$queryRaw<Array<{ now: number }>>`
        SELECT (extract(epoch FROM now()) * 1000000)::float8 AS now`;
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      return {
        tags: shown.map(({ pulledAt, about, ...tag }) => ({
          ...tag,
          pulledAt: pulledAt ?? undefined,
          about: about ?? undefined,
          protection: rules.protection(tag.name),
        })),
        now: clock?.now ?? 0,
        next: last && placeOf(last),
      };
    });
  }

  override async packagesUnder(namespaceId: number, limit: number, after: number | undefined): Promise<PackagesUnder> {
    // Looked at page by page whether or not they have a policy of their own: a page costs the same where all of them do.
    const rows = await this.database.$queryRaw<Array<{ packageId: number; name: RepositoryName; isUnder: boolean }>>`
      SELECT p.id AS "packageId", n.full_name AS name, p.deleted_at IS NULL AND p.published_at IS NOT NULL
        AND n.full_name IS NOT NULL AND (SELECT true FROM retention_policies r WHERE r.package_id = p.id) IS NULL AS "isUnder"
      FROM (
        SELECT id, deleted_at, published_at FROM packages WHERE namespace_id = ${namespaceId} AND id > ${after ?? 0}
        ORDER BY id LIMIT ${limit + 1}
      ) p
      LEFT JOIN package_names n ON n.package_id = p.id AND n.alias_until IS NULL
      ORDER BY p.id`;
    const looked = rows.slice(0, limit);
    return {
      packages: looked.filter(({ isUnder }) => isUnder).map(({ packageId, name }) => ({ packageId, name })),
      next: rows.length > limit ? looked.at(-1)?.packageId : undefined,
    };
  }

  override async findPackage(name: string): Promise<number | undefined> {
    const [row] = await this.database.$queryRaw<Array<{ id: number }>>`
      SELECT p.id FROM package_names n JOIN packages p ON p.id = n.package_id
      WHERE n.full_name = ${name} AND p.deleted_at IS NULL AND p.published_at IS NOT NULL`;
    return row?.id;
  }

  override async findNamespace(login: string): Promise<number | undefined> {
    const [row] = await this.database.$queryRaw<Array<{ id: number }>>`
      SELECT id FROM namespaces WHERE path = ${login.toLowerCase()}`;
    return row?.id;
  }
}

const columnsOf = (holder: RetentionHolder) =>
  'packageId' in holder
    ? { packageId: holder.packageId, namespaceId: null }
    : { packageId: null, namespaceId: holder.namespaceId };

const isOf = (holder: RetentionHolder): Prisma.Sql =>
  'packageId' in holder
    ? Prisma.sql`package_id = ${holder.packageId}`
    : Prisma.sql`namespace_id = ${holder.namespaceId}`;

/**
 * Changes of one policy come one after the other, and none while a batch removes tags by it: a package's gate is held, and
 * whoever removes has locked the row of the policy. Answers what the audit log calls the holder; undefined when it is gone.
 */
async function lockHolder(tx: Transaction, holder: RetentionHolder): Promise<string | undefined> {
  if ('packageId' in holder) {
    await passGate(tx, holder.packageId, 'taking away');
    const rows = await tx.$queryRaw<unknown[]>`
      SELECT 1 FROM packages WHERE id = ${holder.packageId} AND deleted_at IS NULL`;
    return rows.length > 0 ? `package ${holder.packageId}` : undefined;
  }
  const [row] = await tx.$queryRaw<Array<{ login: string }>>`
    SELECT login FROM namespaces WHERE id = ${holder.namespaceId} FOR NO KEY UPDATE`;
  return row?.login;
}

function audit(tx: Transaction, holder: RetentionHolder, target: string, actor: Actor, data: Record<string, unknown>) {
  if ('packageId' in holder) {
    return recordPackageAudit(tx, { actor, action: 'package.retention', packageId: holder.packageId, data });
  }
  return recordAudit(tx, { actor, action: 'namespace.retention', target, data });
}
