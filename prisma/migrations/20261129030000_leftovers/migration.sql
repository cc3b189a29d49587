-- What two columns tell by now.
--
-- Locks: none that anybody waits for.

COMMENT ON COLUMN manifests.deleted_tags IS
  'Tags it had when deleted: what a restore puts back; of a live one, those that retention took last';
COMMENT ON COLUMN manifests.is_leftover IS
  'Without tags, and part of what a retention policy removed, or about a subject that went: goes once nothing holds it, even where untagged manifests stay';
