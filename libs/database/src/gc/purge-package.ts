import type { DueRows } from '#registry';
import type { Database } from '../database.js';
import { passGate } from '../gate.js';
import type { Transaction } from '../transaction.js';
import { closeSessions } from './close-uploads.js';
import type { Collected } from './collecting.js';
import { duePage, placeAfter } from './mark-cursor.js';

const BATCH = 500;
/** A manifest takes its references and counts along. */
const MANIFESTS = 100;

export async function findPackagesToPurge(
  database: Database,
  limit: number,
  after: string | undefined,
): Promise<DueRows<number>> {
  const { at, key } = placeAfter(after);
  const rows = await database.$queryRaw<Array<{ id: number; at: string }>>`
    SELECT id, purge_at::text AS at FROM packages
    WHERE purge_at <= now() AND (purge_at, id) > (${at}::timestamptz, ${Number(key[0] ?? 0)}::int)
    ORDER BY purge_at, id LIMIT ${limit}`;
  return duePage(
    rows,
    limit,
    (row) => [row.id],
    (row) => row.id,
  );
}

/** Deletes one batch of what a deleted package holds, in the order of what names what; the package itself last. */
export async function purgePackage(
  tx: Transaction,
  packageId: number,
  taken: Collected[],
): Promise<'more' | 'done' | 'kept'> {
  await passGate(tx, packageId, 'taking away');
  const [doomed] = await tx.$queryRaw<Array<{ name: string }>>`
    SELECT deleted_name AS name FROM packages WHERE id = ${packageId} AND purge_at <= now() FOR UPDATE`;
  if (!doomed) return 'kept';
  if (await purgeContents(tx, packageId, taken)) return 'more';
  await tx.$executeRaw`DELETE FROM package_names WHERE package_id = ${packageId}`;
  await tx.$executeRaw`DELETE FROM package_roles WHERE package_id = ${packageId}`;
  await tx.$executeRaw`DELETE FROM packages WHERE id = ${packageId}`;
  taken.push({ kind: 'packages', packageId, reason: `${doomed.name} was deleted, not restored` });
  return 'done';
}

/** Whether there was something to delete. */
async function purgeContents(tx: Transaction, packageId: number, taken: Collected[]): Promise<boolean> {
  const tags = await tx.$executeRaw`
    DELETE FROM tags WHERE package_id = ${packageId}
      AND name IN (SELECT name FROM tags WHERE package_id = ${packageId} ORDER BY name LIMIT ${BATCH})`;
  if (tags > 0) return true;
  const named = await tx.$executeRaw`
    DELETE FROM manifest_children WHERE (manifest_id, digest) IN (
      SELECT manifest_id, digest FROM manifest_children WHERE package_id = ${packageId} LIMIT ${BATCH})`;
  if (named > 0) return true;
  const manifests = await tx.$queryRaw<Array<{ digest: string; bytes: number }>>`
    DELETE FROM manifests WHERE id IN (SELECT id FROM manifests WHERE package_id = ${packageId} LIMIT ${MANIFESTS})
    RETURNING digest, (size + config_size + layers_size)::float8 AS bytes`;
  for (const { digest, bytes } of manifests) {
    taken.push({ kind: 'manifests', packageId, digest, bytes, reason: 'its package was deleted, not restored' });
  }
  if (manifests.length > 0) return true;
  const links = await tx.$queryRaw<Array<{ blobId: bigint; digest: string }>>`
    DELETE FROM package_blobs WHERE package_id = ${packageId}
      AND digest IN (SELECT digest FROM package_blobs WHERE package_id = ${packageId} ORDER BY digest LIMIT ${BATCH})
    RETURNING blob_id AS "blobId", digest`;
  await markBlobsIdle(
    tx,
    links.map((link) => link.blobId),
  );
  for (const { digest } of links) taken.push({ kind: 'links', packageId, digest, reason: 'its package was deleted' });
  if (links.length > 0) return true;
  const sessions = await tx.$queryRaw<Array<{ id: string }>>`
    SELECT id::text AS id FROM upload_sessions WHERE package_id = ${packageId} LIMIT ${BATCH} FOR UPDATE`;
  await closeSessions(
    tx,
    sessions.map(({ id }) => id),
  );
  return sessions.length > 0;
}

/** Has the collector of blobs look at these. In the order of ids, as others who mark several. */
export async function markBlobsIdle(tx: Transaction, blobIds: bigint[]): Promise<void> {
  if (blobIds.length === 0) return;
  await tx.$executeRaw`
    WITH locked AS (SELECT id FROM blobs WHERE id = ANY(${blobIds}::bigint[]) ORDER BY id FOR NO KEY UPDATE)
    UPDATE blobs SET idle_since = now() FROM locked WHERE blobs.id = locked.id`;
}
