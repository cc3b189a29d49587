import {
  type DueDeletion,
  type DueManifest,
  type DueRows,
  Garbage,
  type GcPass,
  type LinkKey,
  type ObjectKey,
} from '#registry';
import { type Database, Prisma } from './database.js';
import { closeExpiredUploads } from './gc/close-uploads.js';
import { collectBlobs } from './gc/collect-blobs.js';
import { collectLinks, findIdleLinks } from './gc/collect-links.js';
import { collectUntagged, findDueManifests } from './gc/collect-untagged.js';
import { collecting } from './gc/collecting.js';
import { evictBuildCaches, findBuildCachesToLookAt } from './gc/evict-build-caches.js';
import { findManifestsToPurge, purgeManifests } from './gc/purge-manifests.js';
import { findPackagesToPurge, purgePackage } from './gc/purge-package.js';
import { inTransaction } from './transaction.js';

/** A claimed deletion that was not confirmed comes up again after this. */
const RETRY_SECONDS = 60;

const KEPT_ENTRIES = 100_000;
const KEPT_RUNS = 1000;

/** The instance's rules, in seconds. */
export interface GarbageRules {
  grace: number;
  /** Undefined for never. */
  untaggedAfter: number | undefined;
  restoreWindow: number;
  backupHorizon: number;
  /** Bytes of the build caches of one package; undefined for no budget. */
  buildCacheBudget: number | undefined;
}

/**
 * No blob has the object: reconcile may have queued one whose row a restored backup brought back. A subquery with a limit, as the
 * planner makes a join of NOT EXISTS that reads all blobs.
 */
const IS_NO_BLOBS = Prisma.sql`((
  SELECT true FROM blobs b WHERE b.object_key = object_deletions.object_key LIMIT 1) IS NULL)`;

/** Each recipe has a file of its own in `gc`. */
export class PrismaGarbage extends Garbage {
  constructor(
    private readonly database: Database,
    private readonly rules: GarbageRules,
  ) {
    super();
  }

  override findDueManifests(limit: number, after: string | undefined): Promise<DueRows<DueManifest>> {
    return findDueManifests(this.database, limit, after);
  }

  override collectUntagged(packageId: number, ids: readonly number[], pass: GcPass): Promise<number> {
    return collecting(this.database, pass, (tx, taken, decided) =>
      collectUntagged(tx, packageId, ids, this.rules, taken, decided),
    );
  }

  override findBuildCachesToLookAt(limit: number, after: string | undefined): Promise<DueRows<number>> {
    return findBuildCachesToLookAt(this.database, limit, after, this.rules.buildCacheBudget);
  }

  override evictBuildCaches(packageId: number, pass: GcPass): Promise<{ evicted: number; isDone: boolean }> {
    return collecting(this.database, pass, (tx, taken, decided) =>
      evictBuildCaches(tx, packageId, this.rules, taken, decided),
    );
  }

  override findManifestsToPurge(limit: number, after: string | undefined): Promise<DueRows<DueManifest>> {
    return findManifestsToPurge(this.database, limit, after);
  }

  override purgeManifests(packageId: number, ids: readonly number[], pass: GcPass): Promise<number> {
    const { untaggedAfter } = this.rules;
    return collecting(this.database, pass, (tx, taken, decided) =>
      purgeManifests(tx, packageId, ids, untaggedAfter, taken, decided),
    );
  }

  override findPackagesToPurge(limit: number, after: string | undefined): Promise<DueRows<number>> {
    return findPackagesToPurge(this.database, limit, after);
  }

  override purgePackage(packageId: number, pass: GcPass): Promise<'more' | 'done' | 'kept'> {
    return collecting(this.database, pass, (tx, taken) => purgePackage(tx, packageId, taken));
  }

  override findIdleLinks(limit: number, after: string | undefined, pass: GcPass): Promise<DueRows<LinkKey>> {
    return findIdleLinks(this.database, limit, after, this.graceOf(pass));
  }

  override collectLinks(links: readonly LinkKey[], waits: boolean, pass: GcPass): Promise<{ missed: LinkKey[] }> {
    return collecting(this.database, pass, (tx, taken) => collectLinks(tx, links, waits, this.graceOf(pass), taken));
  }

  override collectBlobs(limit: number, after: string | undefined, pass: GcPass) {
    const { backupHorizon } = this.rules;
    return collecting(this.database, pass, (tx, taken) => collectBlobs(tx, limit, after, backupHorizon, taken));
  }

  override closeExpiredUploads(limit: number, pass: GcPass): Promise<number> {
    return collecting(this.database, pass, (tx, taken) =>
      closeExpiredUploads(tx, limit, this.rules.grace, pass, taken),
    );
  }

  private graceOf(pass: GcPass): number {
    return pass.grace ?? this.rules.grace;
  }

  /**
   * Never an object of a blob: what reconcile did not know may have come back with a backup of the database. Whether it did is
   * asked of those that are claimed alone: the planner would ask it of all that are due, and sort them.
   */
  override async claimDeletions(limit: number): Promise<DueDeletion[]> {
    for (;;) {
      const claimed = await this.database.$queryRaw<Array<DueDeletion & { isNoBlobs: boolean }>>`
        WITH due AS MATERIALIZED (
          SELECT object_key FROM object_deletions
          WHERE not_before <= now()
            AND (tried_at IS NULL OR tried_at < now() - make_interval(secs => ${RETRY_SECONDS}::float8))
          ORDER BY not_before LIMIT ${limit} FOR UPDATE SKIP LOCKED
        ), known AS MATERIALIZED (SELECT object_key, ${IS_NO_BLOBS} AS is_no_blobs FROM due AS object_deletions)
        UPDATE object_deletions d SET tried_at = now(), tries = tries + is_no_blobs::int
        FROM known WHERE d.object_key = known.object_key
        RETURNING d.object_key AS "objectKey", upload_id AS "uploadId", is_no_blobs AS "isNoBlobs"`;
      const due = claimed.filter(({ isNoBlobs }) => isNoBlobs);
      if (due.length > 0 || claimed.length < limit)
        return due.map(({ objectKey, uploadId }) => ({ objectKey, uploadId }));
    }
  }

  override async confirmDeletions(keys: readonly ObjectKey[]): Promise<void> {
    await inTransaction(this.database, async (tx) => {
      await tx.$executeRaw`
        UPDATE object_deletions SET not_before = again_at, again_at = NULL, tried_at = NULL, tries = 0, is_repeat = true
        WHERE object_key = ANY(${[...keys]}::text[]) AND again_at > now()`;
      await tx.$executeRaw`
        DELETE FROM object_deletions
        WHERE object_key = ANY(${[...keys]}::text[]) AND (again_at IS NULL OR again_at <= now()) AND tried_at IS NOT NULL`;
    });
  }

  override async hasDeletionsDue(before: Date): Promise<boolean> {
    const rows = await this.database.$queryRaw<unknown[]>`
      SELECT 1 FROM object_deletions WHERE not_before <= ${before}
        AND ${IS_NO_BLOBS} LIMIT 1`;
    return rows.length > 0;
  }

  override trimHistory(limit: number): Promise<number> {
    return inTransaction(this.database, async (tx) => {
      await tx.$executeRaw`
        DELETE FROM gc_runs WHERE id IN (
          SELECT id FROM gc_runs WHERE id <= (SELECT max(id) FROM gc_runs) - ${KEPT_RUNS}
            AND finished_at IS NOT NULL ORDER BY id LIMIT ${limit})`;
      const decided = await tx.$executeRaw`
        DELETE FROM gc_decided WHERE (manifest_id, run_id) IN (
          SELECT d.manifest_id, d.run_id FROM gc_decided d JOIN gc_runs r ON r.id = d.run_id
          WHERE r.finished_at IS NOT NULL LIMIT ${limit})`;
      const entries = await tx.$executeRaw`
        DELETE FROM gc_log WHERE id IN (
          SELECT id FROM gc_log WHERE id <= (SELECT max(id) FROM gc_log) - ${KEPT_ENTRIES} ORDER BY id LIMIT ${limit})`;
      return Math.max(decided, entries);
    });
  }

  override trimTombstones(limit: number): Promise<number> {
    return this.database.$executeRaw`
      DELETE FROM tombstones WHERE (package_id, reference) IN (
        SELECT package_id, reference FROM tombstones WHERE removed_at < now() - interval '90 days'
        ORDER BY removed_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`;
  }
}
