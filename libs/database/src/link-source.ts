import type { Actor, ImageSource } from '#registry';
import { recordPackageAudit } from './audit.js';
import { Prisma } from './database.js';
import type { Transaction } from './transaction.js';

/** Whether the actor may write to source `s`: namespace owner, collaborator, member of a team, or the source's own workflow. */
export const mayWriteSource = ({ userId, sourceId, isOverriding }: Actor): Prisma.Sql => Prisma.sql`(
  ${isOverriding} OR s.id = ${sourceId ?? null}::int
  OR EXISTS (SELECT FROM namespaces ns WHERE ns.id = s.namespace_id AND ns.user_id = ${userId ?? null}::int)
  OR EXISTS (SELECT FROM members m
    WHERE m.namespace_id = s.namespace_id AND m.user_id = ${userId ?? null}::int AND m.role = 'owner')
  OR EXISTS (SELECT FROM source_roles sr
    WHERE sr.source_id = s.id AND sr.user_id = ${userId ?? null}::int AND sr.role IN ('write', 'admin'))
  OR EXISTS (SELECT FROM team_members tm JOIN teams t ON t.id = tm.team_id
    JOIN source_team_roles tr ON tr.team_id = ANY (t.lineage) AND tr.source_id = s.id
    WHERE tm.namespace_id = s.namespace_id AND tm.user_id = ${userId ?? null}::int AND tr.role IN ('write', 'admin')))`;

/**
 * Links a package that nothing was pushed to yet to the source that its first image names, and has it inherit; silently not,
 * where there is no such source in the namespace, the pusher may not write to it, or the base image says the same. Base
 * images are looked for among what anybody could know of: public packages, and those of the namespace.
 */
export async function linkAtFirstPush(
  tx: Transaction,
  packageId: number,
  { url, base }: ImageSource,
  actor: Actor,
): Promise<void> {
  const [linked] = await tx.$queryRaw<Array<{ sourceId: number }>>`
    UPDATE packages p SET source_id = s.id, inherits = true, access_version = p.access_version + 1
    FROM sources s
    WHERE p.id = ${packageId} AND p.published_at IS NULL AND p.source_id IS NULL
      AND s.namespace_id = p.namespace_id AND s.url = ${url} AND ${mayWriteSource(actor)}
      AND NOT EXISTS (SELECT FROM package_names n
        JOIN packages b ON b.id = n.package_id AND (b.visibility = 'public' OR b.namespace_id = p.namespace_id)
        JOIN manifests m ON m.package_id = b.id AND m.digest = ${base?.digest ?? null}
        WHERE n.full_name = ${base?.name ?? null}
          AND regexp_replace(lower(m.metadata ->> 'source'), '(\\.git)?/*$', '') = ${url})
    RETURNING s.id AS "sourceId"`;
  if (!linked) return;
  const data = { sourceId: linked.sourceId, url, inherits: true, at: 'first push' };
  await recordPackageAudit(tx, { actor, action: 'package.link', packageId, data });
}
