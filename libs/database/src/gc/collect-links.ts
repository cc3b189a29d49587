import type { Digest } from '#oci';
import type { DueRows, LinkKey } from '#registry';
import type { Database } from '../database.js';
import { passGate, tryGates } from '../gate.js';
import type { Transaction } from '../transaction.js';
import type { Collected } from './collecting.js';
import { duePage, placeAfter } from './mark-cursor.js';
import { markBlobsIdle } from './purge-package.js';

/** Gates are held to the transaction's end, and PostgreSQL's table of locks is finite. */
const MAX_PACKAGES = 200;

export async function findIdleLinks(
  database: Database,
  limit: number,
  after: string | undefined,
  grace: number,
): Promise<DueRows<LinkKey>> {
  const { at, key } = placeAfter(after);
  const [packageId = '0', digest = ''] = key;
  const rows = await database.$queryRaw<Array<LinkKey & { at: string }>>`
    SELECT package_id AS "packageId", digest, idle_since::text AS at FROM package_blobs
    WHERE idle_since <= now() - make_interval(secs => ${grace}::float8)
      AND (idle_since, package_id, digest) > (${at}::timestamptz, ${Number(packageId)}::int, ${digest})
    ORDER BY idle_since, package_id, digest LIMIT ${limit}`;
  return duePage(
    rows,
    limit,
    (row) => [row.packageId, row.digest],
    (row) => ({ packageId: row.packageId, digest: row.digest }),
  );
}

/** data-model.md, "Link collection". */
export async function collectLinks(
  tx: Transaction,
  links: readonly LinkKey[],
  waits: boolean,
  grace: number,
  taken: Collected[],
): Promise<{ missed: LinkKey[] }> {
  const packageIds = [...new Set(links.map((link) => link.packageId))].slice(0, MAX_PACKAGES);
  const open = new Set(waits ? packageIds.slice(0, 1) : await tryGates(tx, packageIds));
  if (waits && packageIds[0] !== undefined) await passGate(tx, packageIds[0], 'taking away');
  const held = links.filter((link) => open.has(link.packageId));
  const ids = held.map((link) => link.packageId);
  const digests = held.map((link) => link.digest);
  const gone = await tx.$queryRaw<Array<{ packageId: number; digest: Digest; blobId: bigint }>>`
    DELETE FROM package_blobs pb USING unnest(${ids}::int[], ${digests}::text[]) AS l(package_id, digest)
    WHERE pb.package_id = l.package_id AND pb.digest = l.digest
      AND pb.idle_since <= now() - make_interval(secs => ${grace}::float8)
      AND NOT EXISTS (SELECT FROM manifest_blobs u WHERE u.package_id = pb.package_id AND u.digest = pb.digest)
      AND NOT EXISTS (SELECT FROM manifest_missing u WHERE u.package_id = pb.package_id AND u.digest = pb.digest)
    RETURNING pb.package_id AS "packageId", pb.digest, pb.blob_id AS "blobId"`;
  if (gone.length < held.length) await keepUsed(tx, { ids, digests, grace });
  await markBlobsIdle(
    tx,
    gone.map(({ blobId }) => blobId),
  );
  for (const { packageId, digest } of gone) {
    taken.push({ kind: 'links', packageId, digest, reason: 'no manifest used it for the grace' });
  }
  return { missed: links.filter((link) => !open.has(link.packageId)) };
}

/** What is left of them is used: nobody adds or takes away while the gate is held. */
async function keepUsed(
  tx: Transaction,
  { ids, digests, grace }: { ids: number[]; digests: Digest[]; grace: number },
): Promise<void> {
  await tx.$executeRaw`
    UPDATE package_blobs pb SET idle_since = NULL FROM unnest(${ids}::int[], ${digests}::text[]) AS l(package_id, digest)
    WHERE pb.package_id = l.package_id AND pb.digest = l.digest
      AND pb.idle_since <= now() - make_interval(secs => ${grace}::float8)`;
}
