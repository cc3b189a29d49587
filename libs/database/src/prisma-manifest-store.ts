import QuickLRU from 'quick-lru';
import { Batcher } from '#batching';
import { type Digest, fail, type ManifestReference, type Page, type PageRequest, type Reference } from '#oci';
import {
  type Actor,
  type ManifestPush,
  ManifestStore,
  type Referrer,
  type Removal,
  type StoredManifest,
} from '#registry';
import { recordEvent } from './audit.js';
import { buryDigests, unbury } from './bury.js';
import { type Database, Prisma } from './database.js';
import { passGate } from './gate.js';
import { markBuildCaches } from './gc/evict-build-caches.js';
import { linkAtFirstPush } from './link-source.js';
import { moveTag } from './move-tag.js';
import { findNeeding } from './needed-by.js';
import { isLive } from './prisma-blob-index.js';
import { purge, removeTags } from './purge.js';
import { reviewTime, setReview } from './review.js';
import { TagRules } from './tag-rules.js';
import { inTransaction, type Transaction } from './transaction.js';

interface ManifestKey {
  packageId: number;
  reference: Reference;
}

interface Row {
  id: number;
  /** Whether this push starts the rule for untagged manifests anew; a live one that was looked at and kept stays kept. */
  isNews: boolean;
}

interface Located {
  id: number;
  digest: Digest;
  packageId: number;
  /** Due for the collector of untagged manifests so soon that a yes must be made to last. */
  needsLease: boolean;
}

/** Manifests larger than this are read anew each time; smaller ones are kept, 64 MiB of them at most. */
const MAX_CACHED_BYTES = 64 * 1024;
const MAX_CACHED = 1024;

/** `untaggedAfter` in seconds: the instance's rule for manifests without a tag; undefined for never. */
export class PrismaManifestStore extends ManifestStore {
  private readonly batcher = new Batcher((keys: ManifestKey[]) => this.locateMany(keys));
  /** By row: a row's bytes never change. Whether the row may be shown is asked of the database every time. */
  private readonly cache = new QuickLRU<number, StoredManifest>({ maxSize: MAX_CACHED });

  constructor(
    private readonly database: Database,
    private readonly untaggedAfter: number | undefined,
  ) {
    super();
  }

  override async find(packageId: number, reference: Reference): Promise<StoredManifest | undefined> {
    const located = await this.locate({ packageId, reference });
    if (!located) return undefined;
    const cached = this.cache.get(located.id);
    if (cached) return cached;
    const [manifest] = await this.database.$queryRaw<StoredManifest[]>`
      SELECT digest, media_type AS "mediaType", bytes FROM manifests WHERE id = ${located.id}`;
    if (manifest && manifest.bytes.length <= MAX_CACHED_BYTES) this.cache.set(located.id, manifest);
    return manifest;
  }

  /** A manifest that is read by digest stays for its rule's time anew, as a blob does by HEAD. */
  private async locate(key: ManifestKey): Promise<Located | undefined> {
    for (;;) {
      const located = await this.batcher.find(key);
      if (!located?.needsLease) return located;
      const renewed = await this.database.$executeRaw`
        UPDATE manifests SET review_at = ${reviewTime(located.packageId, this.untaggedAfter)}
        WHERE id = ${located.id} AND review_at IS NOT NULL AND deleted_at IS NULL`;
      if (renewed > 0) return located;
      // Collected, or looked at and kept, between the two statements: look again.
    }
  }

  private async locateMany(keys: ManifestKey[]): Promise<Array<Located | undefined>> {
    const packageIds = keys.map((key) => key.packageId);
    const tags = keys.map(({ reference }) => (reference.kind === 'tag' ? reference.tag : null));
    const digests = keys.map(({ reference }) => (reference.kind === 'digest' ? reference.digest : null));
    const statement = Prisma.sql`
      WITH r AS (
        SELECT * FROM unnest(${packageIds}::int[], ${tags}::text[], ${digests}::text[])
          WITH ORDINALITY AS r(package_id, tag, digest, ord)
      )
      SELECT r.ord::int AS ord, m.id, m.digest, m.package_id AS "packageId", false AS "needsLease" FROM r
      JOIN tags t ON t.package_id = r.package_id AND t.name = r.tag
      JOIN manifests m ON m.id = t.manifest_id AND m.deleted_at IS NULL
      UNION ALL
      SELECT r.ord::int, m.id, m.digest, m.package_id, coalesce(m.review_at <= now() + interval '1 hour', false) FROM r
      JOIN manifests m ON m.package_id = r.package_id AND m.digest = r.digest AND m.deleted_at IS NULL`;
    const rows = await this.database.lookUps.find<Located & { ord: number }>('locate-manifests', statement);
    const found = new Map(rows.map((row) => [row.ord, row]));
    return keys.map((_, i) => found.get(i + 1));
  }

  override async put(push: ManifestPush): Promise<void> {
    await inTransaction(this.database, async (tx) => {
      await passGate(tx, push.packageId, 'adding');
      if (!(await isLive(tx, push.packageId))) fail('NAME_UNKNOWN');
      const present = await this.checkReferences(tx, push);
      const { id, isNews } = await this.insert(tx, push, present);
      const manifestIds = isNews ? [id] : [];
      const rules = await TagRules.of(tx, push.packageId, push.actor);
      for (const tag of [...push.tags].sort()) {
        const change = {
          rules,
          packageId: push.packageId,
          tag,
          manifestId: id,
          digest: push.digest,
          actor: push.actor,
        };
        const before = await moveTag(tx, change);
        if (before !== undefined) manifestIds.push(before);
      }
      if (push.source) await linkAtFirstPush(tx, push.packageId, push.source, push.actor);
      await tx.$executeRaw`
        UPDATE packages SET published_at = now() WHERE id = ${push.packageId} AND published_at IS NULL`;
      const data = { digest: push.digest, tags: push.tags };
      await recordEvent(tx, { kind: 'manifest.push', packageId: push.packageId, actor: push.actor, data });
      await setReview(tx, { manifestIds, packageId: push.packageId, untaggedAfter: this.untaggedAfter });
      if (push.manifest.class === 'build_cache') await markBuildCaches(tx, push.packageId);
    });
  }

  /** Errors: MANIFEST_BLOB_UNKNOWN, MANIFEST_INVALID. Answers which references are there. */
  private async checkReferences(tx: Transaction, push: ManifestPush): Promise<Set<ManifestReference>> {
    const ofKind = (kind: ManifestReference['kind']) =>
      push.references.filter((reference) => reference.kind === kind).map((reference) => reference.digest);
    const rows = await tx.$queryRaw<Array<{ kind: string; digest: string; size: number }>>`
      SELECT 'blob' AS kind, pb.digest, b.size::float8 AS size FROM package_blobs pb
      JOIN blobs b ON b.id = pb.blob_id AND b.missing_since IS NULL
      WHERE pb.package_id = ${push.packageId} AND pb.digest = ANY(${ofKind('blob')})
      UNION ALL
      SELECT 'manifest', digest, size::float8 FROM manifests
      WHERE package_id = ${push.packageId} AND digest = ANY(${ofKind('manifest')}) AND deleted_at IS NULL`;
    const sizes = new Map(rows.map((row) => [`${row.kind} ${row.digest}`, row.size]));
    const [sparse] = await tx.$queryRaw<Array<{ isAllowed: boolean }>>`
      SELECT allow_sparse AS "isAllowed" FROM packages WHERE id = ${push.packageId}`;
    const present = new Set<ManifestReference>();
    for (const reference of push.references) {
      const size = sizes.get(`${reference.kind} ${reference.digest}`);
      if (size === undefined) {
        const mayBeAbsent = reference.optional || (reference.kind === 'manifest' && sparse?.isAllowed);
        if (!mayBeAbsent) fail('MANIFEST_BLOB_UNKNOWN', { digest: reference.digest, kind: reference.kind });
      } else if (size !== reference.size) {
        fail('MANIFEST_INVALID', { digest: reference.digest, size: reference.size, stored: size });
      } else present.add(reference);
    }
    return present;
  }

  /** The row of this digest: found, revived or made with its references. */
  private async insert(tx: Transaction, push: ManifestPush, present: Set<ManifestReference>): Promise<Row> {
    const { packageId, digest, manifest } = push;
    // Read before inserting: every ON CONFLICT would use up an id, and GitHub's clients read ids of 32 bits.
    const known = await this.revive(tx, push);
    if (known) return known;
    const [made] = await tx.$queryRaw<Array<{ id: number }>>`
      INSERT INTO manifests (package_id, digest, media_type, class, bytes, size, config_size, layers_size,
        subject_digest, artifact_type, annotations, metadata, pushed_at, pushed_by)
      VALUES (${packageId}, ${digest}, ${manifest.mediaType}, ${manifest.class}, ${new Uint8Array(push.bytes)},
        ${push.bytes.length}, ${manifest.config?.size ?? 0}::bigint,
        ${manifest.layers.reduce((sum, layer) => sum + layer.size, 0)}::bigint,
        ${manifest.subject?.digest ?? null}, ${manifest.artifactType ?? null},
        ${manifest.annotations ? JSON.stringify(manifest.annotations) : null}::json,
        ${push.metadata ? JSON.stringify(push.metadata) : null}::json, now(), ${push.actor.userId ?? null})
      ON CONFLICT (package_id, digest) DO NOTHING RETURNING id`;
    if (!made) return (await this.revive(tx, push)) ?? fail('MANIFEST_UNKNOWN', { digest });
    await unbury(tx, packageId, digest);
    const digestsOf = (chosen: (reference: ManifestReference) => boolean) =>
      [...new Set(push.references.filter(chosen).map((reference) => reference.digest))].sort();
    await tx.$executeRaw`
      INSERT INTO manifest_blobs (manifest_id, package_id, digest)
      SELECT ${made.id}, ${packageId}, unnest(${digestsOf((r) => present.has(r) && r.kind === 'blob')}::text[])`;
    await tx.$executeRaw`
      INSERT INTO manifest_children (manifest_id, package_id, digest)
      SELECT ${made.id}, ${packageId}, unnest(${digestsOf((r) => present.has(r) && r.kind === 'manifest')}::text[])`;
    await tx.$executeRaw`
      INSERT INTO manifest_missing (manifest_id, package_id, digest)
      SELECT ${made.id}, ${packageId}, unnest(${digestsOf((r) => !present.has(r))}::text[])`;
    return { id: made.id, isNews: true };
  }

  /** The row if there is one; a deleted one is live again under the same id (its old tags stay gone). */
  private async revive(tx: Transaction, { packageId, digest }: ManifestPush): Promise<Row | undefined> {
    const [known] = await tx.$queryRaw<Array<Row & { isDeleted: boolean; isLeftover: boolean }>>`
      SELECT id, deleted_at IS NOT NULL AS "isDeleted", is_leftover AS "isLeftover",
        deleted_at IS NOT NULL OR review_at IS NOT NULL OR is_leftover AS "isNews"
      FROM manifests WHERE package_id = ${packageId} AND digest = ${digest}`;
    if (known?.isDeleted || known?.isLeftover) {
      await tx.$executeRaw`
        UPDATE manifests SET deleted_at = NULL, purge_at = NULL, deleted_by = NULL, deleted_tags = '{}',
          is_leftover = false
        WHERE id = ${known.id}`;
      await unbury(tx, packageId, digest);
    }
    return known;
  }

  override async remove(packageId: number, digest: Digest, actor: Actor): Promise<Removal> {
    return inTransaction(this.database, async (tx) => {
      await passGate(tx, packageId, 'taking away');
      const [manifest] = await tx.$queryRaw<Array<{ id: number }>>`
        SELECT id FROM manifests WHERE package_id = ${packageId} AND digest = ${digest} AND deleted_at IS NULL`;
      if (!manifest) return 'unknown';
      const parent = await findNeeding(tx, packageId, digest);
      if (parent) return { neededBy: parent.digest };
      const doomed = { id: manifest.id, packageId, digest };
      await removeTags(tx, doomed, await TagRules.of(tx, packageId, actor), actor);
      await purge(tx, doomed, this.untaggedAfter);
      await buryDigests(tx, packageId, [digest], actor.principal);
      await recordEvent(tx, { kind: 'manifest.delete', packageId, actor, data: { digest } });
      return 'removed';
    });
  }

  override async referrers(
    packageId: number,
    subject: Digest,
    artifactType: string | undefined,
    { limit, after }: PageRequest,
  ): Promise<Page<Referrer>> {
    if (limit === 0) return { items: [], next: undefined };
    const afterId = /^[0-9]{1,9}$/.test(after ?? '') ? Number(after) : 0;
    const rows = await this.database.$queryRaw<Array<ReferrerRow>>`
      SELECT id, media_type AS "mediaType", digest, size, artifact_type AS "artifactType", annotations FROM manifests
      WHERE package_id = ${packageId} AND subject_digest = ${subject} AND id > ${afterId} AND deleted_at IS NULL
        AND (${artifactType ?? null}::text IS NULL OR artifact_type = ${artifactType ?? null})
      ORDER BY id LIMIT ${limit + 1}`;
    return pageOf(rows.slice(0, limit), rows.length > limit);
  }
}

interface ReferrerRow extends Referrer {
  id: number;
}

/** Clients read 4 MiB of an index; one with long annotations ends its page early. */
const MAX_PAGE_BYTES = 3 * 1024 * 1024;

function pageOf(rows: ReferrerRow[], hasMore: boolean): Page<Referrer> {
  let bytes = 0;
  const kept = rows.filter((row, i) => {
    bytes += JSON.stringify(row).length;
    return i === 0 || bytes <= MAX_PAGE_BYTES;
  });
  const isCut = hasMore || kept.length < rows.length;
  return {
    items: kept.map(({ mediaType, digest, size, artifactType, annotations }) => ({
      mediaType,
      digest,
      size,
      artifactType: artifactType ?? undefined,
      annotations: annotations ?? undefined,
    })),
    next: isCut ? String(kept.at(-1)?.id) : undefined,
  };
}
