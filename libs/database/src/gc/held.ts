import { Prisma } from '../database.js';

/**
 * Whether the manifest `m` of a query is held: by a tag, by a live or restorable manifest that names it, by its subject,
 * which takes it along when it is purged. True for as long as the package's gate is held alone.
 */
export const IS_HELD = Prisma.sql`(
  EXISTS (SELECT FROM tags t WHERE t.manifest_id = m.id)
  OR EXISTS (SELECT FROM (
      SELECT c.manifest_id FROM manifest_children c WHERE c.package_id = m.package_id AND c.digest = m.digest
      UNION ALL SELECT c.manifest_id FROM manifest_missing c WHERE c.package_id = m.package_id AND c.digest = m.digest
    ) n JOIN manifests h ON h.id = n.manifest_id
    WHERE h.deleted_at IS NULL OR h.purge_at > now())
  OR EXISTS (SELECT FROM manifests s WHERE s.package_id = m.package_id AND s.digest = m.subject_digest))`;
