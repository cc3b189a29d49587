import { Batcher } from '#batching';
import type { Digest } from '#oci';
import { BlobIndex, type ObjectKey, type Repository, type StoredBlob } from '#registry';
import { type Database, Prisma } from './database.js';
import { passGate } from './gate.js';
import { inTransaction, type Transaction } from './transaction.js';

interface BlobKey {
  packageId: number;
  digest: Digest;
}

interface BlobRow extends StoredBlob {
  /** Idle so long that a yes must be made to last. */
  needsLease: boolean;
}

export class PrismaBlobIndex extends BlobIndex {
  private readonly batcher = new Batcher((keys: BlobKey[]) => this.findMany(keys));

  /** `grace` in seconds: how long an unused link stays. */
  constructor(
    private readonly database: Database,
    private readonly grace: number,
  ) {
    super();
  }

  override async find(packageId: number, digest: Digest): Promise<StoredBlob | undefined> {
    return this.batcher.find({ packageId, digest });
  }

  override async lease(packageId: number, digest: Digest): Promise<StoredBlob | undefined> {
    for (;;) {
      const blob = await this.batcher.find({ packageId, digest });
      if (!blob?.needsLease) return blob;
      const renewed = await this.database.$executeRaw`
        UPDATE package_blobs SET idle_since = now()
        WHERE package_id = ${packageId} AND digest = ${digest} AND idle_since IS NOT NULL`;
      if (renewed > 0) return blob;
      // Collected, or taken up by a manifest, between the two statements: look again.
    }
  }

  private async findMany(keys: BlobKey[]): Promise<Array<BlobRow | undefined>> {
    const statement = Prisma.sql`
      SELECT r.ord::int AS ord, b.digest, b.size::float8 AS size, b.object_key AS "objectKey",
        coalesce(pb.idle_since < now() - make_interval(secs => ${this.grace / 2}::float8), false) AS "needsLease"
      FROM unnest(${keys.map((key) => key.packageId)}::int[], ${keys.map((key) => key.digest)}::text[])
        WITH ORDINALITY AS r(package_id, digest, ord)
      JOIN package_blobs pb ON pb.package_id = r.package_id AND pb.digest = r.digest
      JOIN blobs b ON b.id = pb.blob_id AND b.missing_since IS NULL`;
    const rows = await this.database.lookUps.find<BlobRow & { ord: number }>('find-blobs', statement);
    const found = new Map(rows.map((row) => [row.ord, row]));
    return keys.map((_, i) => found.get(i + 1));
  }

  override async markMissing(objectKey: ObjectKey): Promise<void> {
    await this.database.$executeRaw`
      UPDATE blobs SET missing_since = now() WHERE object_key = ${objectKey} AND missing_since IS NULL`;
  }

  override async mount(
    target: Repository & { packageId: number },
    digest: Digest,
    sourcePackageId: number,
  ): Promise<boolean> {
    return inTransaction(this.database, async (tx) => {
      await passGate(tx, target.packageId, 'adding');
      const [blob] = await tx.$queryRaw<Array<{ id: bigint }>>`
        SELECT b.id FROM package_blobs pb JOIN blobs b ON b.id = pb.blob_id JOIN packages p ON p.id = pb.package_id
        WHERE pb.package_id = ${sourcePackageId} AND pb.digest = ${digest}
          AND p.deleted_at IS NULL AND b.missing_since IS NULL
        FOR KEY SHARE OF b`;
      if (!blob || !(await isLive(tx, target.packageId))) return false;
      await linkBlob(tx, target.packageId, digest, blob.id);
      return true;
    });
  }

  override async holders(digest: Digest, limit: number): Promise<string[]> {
    const rows = await this.database.$queryRaw<Array<{ name: string }>>`
      SELECT n.full_name AS name FROM blobs b
      JOIN package_blobs pb ON pb.blob_id = b.id
      JOIN packages p ON p.id = pb.package_id AND p.deleted_at IS NULL
      JOIN package_names n ON n.package_id = p.id AND n.alias_until IS NULL
      WHERE b.digest = ${digest} AND b.missing_since IS NULL LIMIT ${limit}`;
    return rows.map((row) => row.name);
  }

  override async unlink(packageId: number, digest: Digest): Promise<'unlinked' | 'unknown' | 'in_use'> {
    return inTransaction(this.database, async (tx) => {
      await passGate(tx, packageId, 'taking away');
      const removed = await tx.$queryRaw<Array<{ blobId: bigint }>>`
        DELETE FROM package_blobs pb WHERE pb.package_id = ${packageId} AND pb.digest = ${digest}
          AND NOT EXISTS (SELECT FROM manifest_blobs u WHERE u.package_id = pb.package_id AND u.digest = pb.digest)
          AND NOT EXISTS (SELECT FROM manifest_missing u WHERE u.package_id = pb.package_id AND u.digest = pb.digest)
        RETURNING pb.blob_id AS "blobId"`;
      if (removed[0]) {
        await tx.$executeRaw`UPDATE blobs SET idle_since = now() WHERE id = ${removed[0].blobId}`;
        return 'unlinked';
      }
      const left = await tx.$queryRaw<unknown[]>`
        SELECT 1 FROM package_blobs WHERE package_id = ${packageId} AND digest = ${digest}`;
      return left.length > 0 ? 'in_use' : 'unknown';
    });
  }
}

/** Links a blob into a package; a link that waits to be collected starts its grace anew. */
export async function linkBlob(tx: Transaction, packageId: number, digest: Digest, blobId: bigint): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO package_blobs (package_id, digest, blob_id) VALUES (${packageId}, ${digest}, ${blobId})
    ON CONFLICT (package_id, digest) DO UPDATE SET idle_since = now() WHERE package_blobs.idle_since IS NOT NULL`;
}

export async function isLive(tx: Transaction, packageId: number): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`SELECT 1 FROM packages WHERE id = ${packageId} AND deleted_at IS NULL`;
  return rows.length > 0;
}
