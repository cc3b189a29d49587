import { type Actor, PackageSettings, type StorageSettings, type TagRule } from '#registry';
import { recordPackageAudit } from './audit.js';
import { type Database, Prisma } from './database.js';
import { passGate } from './gate.js';
import { markBuildCachesThere } from './gc/evict-build-caches.js';
import { judgeAgain } from './judge-again.js';
import { inTransaction, type Transaction } from './transaction.js';

interface SettingsRow {
  allowSparse: boolean;
  keepsUntagged: boolean;
  untaggedAfter: number | null;
  keepsBuildCaches: boolean;
  buildCacheBudget: number | null;
}

export class PrismaPackageSettings extends PackageSettings {
  constructor(private readonly database: Database) {
    super();
  }

  override async find(packageId: number): Promise<StorageSettings | undefined> {
    const [row] = await this.database.$queryRaw<SettingsRow[]>`
      SELECT allow_sparse AS "allowSparse", keeps_untagged AS "keepsUntagged", untagged_after AS "untaggedAfter",
        keeps_build_caches AS "keepsBuildCaches", build_cache_budget::float8 AS "buildCacheBudget"
      FROM packages WHERE id = ${packageId} AND deleted_at IS NULL`;
    if (!row) return undefined;
    return {
      allowSparse: row.allowSparse,
      untaggedAfter: row.keepsUntagged ? 'never' : (row.untaggedAfter ?? 'instance'),
      buildCacheBudget: row.keepsBuildCaches ? 'unlimited' : (row.buildCacheBudget ?? 'instance'),
    };
  }

  override change(packageId: number, settings: Partial<StorageSettings>, actor: Actor): Promise<boolean> {
    const { allowSparse, untaggedAfter, buildCacheBudget } = settings;
    const rule = Prisma.sql`(${untaggedAfter === 'never'}::bool, ${numberOr(untaggedAfter)}::int)`;
    const budget = Prisma.sql`(${buildCacheBudget === 'unlimited'}::bool, ${numberOr(buildCacheBudget)}::bigint)`;
    // The worker rewrites the marks of manifests: a package may hold very many.
    const marks = Prisma.sql`marks_after = CASE WHEN (keeps_untagged, untagged_after) IS DISTINCT FROM ${rule}
      THEN '' ELSE marks_after END`;
    const given = [
      Prisma.sql`allow_sparse = coalesce(${allowSparse ?? null}::bool, allow_sparse)`,
      ...(untaggedAfter === undefined ? [] : [marks, Prisma.sql`(keeps_untagged, untagged_after) = ROW${rule}`]),
      ...(buildCacheBudget === undefined ? [] : [Prisma.sql`(keeps_build_caches, build_cache_budget) = ROW${budget}`]),
    ];
    return inTransaction(this.database, async (tx) => {
      await passGate(tx, packageId, 'adding'); // no collector looks with the settings of before and takes the mark away
      const changed = await tx.$executeRaw`
        UPDATE packages SET ${Prisma.join(given)} WHERE id = ${packageId} AND deleted_at IS NULL`;
      if (changed > 0) {
        await markBuildCachesThere(tx, packageId);
        await recordPackageAudit(tx, { actor, action: 'package.settings', packageId, data: { ...settings } });
      }
      return changed > 0;
    });
  }

  override async tagRules(packageId: number): Promise<TagRule[]> {
    const rows = await this.database.$queryRaw<Array<Omit<TagRule, 'publishers'> & { publishers: string[] | null }>>`
      SELECT pattern, is_immutable AS "isImmutable", publishers FROM tag_rules WHERE package_id = ${packageId} ORDER BY id`;
    return rows.map((row) => ({ ...row, publishers: row.publishers ?? undefined }));
  }

  override setTagRules(packageId: number, rules: readonly TagRule[], actor: Actor): Promise<{ unknown: string[] }> {
    return inTransaction(this.database, async (tx) => {
      await passGate(tx, packageId, 'taking away'); // no push is under way with the rules of before
      const unknown = await findUnknown(
        tx,
        packageId,
        rules.flatMap(({ publishers }) => publishers ?? []),
      );
      if (unknown.length > 0) return { unknown };
      await tx.$executeRaw`DELETE FROM tag_rules WHERE package_id = ${packageId}`;
      for (const { pattern, isImmutable, publishers } of rules) {
        await tx.$executeRaw`
          INSERT INTO tag_rules (package_id, pattern, is_immutable, publishers)
          VALUES (${packageId}, ${pattern}, ${isImmutable}, ${publishers ?? null}::text[])`;
      }
      await judgeAgain(tx, packageId);
      await markBuildCachesThere(tx, packageId);
      await recordPackageAudit(tx, { actor, action: 'package.tag-rules', packageId, data: { rules } });
      return { unknown: [] };
    });
  }
}

const numberOr = (value: unknown): bigint | null => (typeof value === 'number' ? BigInt(value) : null);

/** Users by login, teams and sources of the package's own namespace. */
async function findUnknown(tx: Transaction, packageId: number, publishers: string[]): Promise<string[]> {
  const rows = await tx.$queryRaw<Array<{ publisher: string }>>`
    SELECT DISTINCT publisher FROM unnest(${publishers}::text[]) AS r(publisher), packages p
    JOIN namespaces ns ON ns.id = p.namespace_id
    WHERE p.id = ${packageId}
      AND NOT EXISTS (SELECT FROM users u WHERE 'user:' || u.login_key = publisher AND u.login_key = substr(publisher, 6))
      AND NOT EXISTS (SELECT FROM teams t WHERE t.namespace_id = ns.id AND 'team:' || ns.path || '/' || t.slug = publisher)
      AND NOT EXISTS (SELECT FROM sources s WHERE s.namespace_id = ns.id AND 'workflow:' || s.url = publisher)`;
  return rows.map(({ publisher }) => publisher);
}
