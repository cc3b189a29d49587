import { Prisma } from '../database.js';

/**
 * Whether the manifest `m` of a query is held: by a tag, by a live or restorable manifest that names it, by its subject,
 * which takes it along when it is purged. True for as long as the package's gate is held alone. Each look-up is a subquery with a
 * limit: of EXISTS the planner, where it has no statistics, makes a walk over all tags.
 */
export const IS_HELD = Prisma.sql`(
  (SELECT true FROM tags t WHERE t.manifest_id = m.id LIMIT 1) IS NOT NULL
  OR (SELECT true FROM (
      SELECT c.manifest_id FROM manifest_children c WHERE c.package_id = m.package_id AND c.digest = m.digest
      UNION ALL SELECT c.manifest_id FROM manifest_missing c WHERE c.package_id = m.package_id AND c.digest = m.digest
    ) n JOIN manifests h ON h.id = n.manifest_id
    WHERE h.deleted_at IS NULL OR h.purge_at > now() LIMIT 1) IS NOT NULL
  OR (SELECT true FROM manifests s WHERE s.package_id = m.package_id AND s.digest = m.subject_digest LIMIT 1) IS NOT NULL)`;
