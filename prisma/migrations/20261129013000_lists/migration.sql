-- Indexes for what was found by reading whole tables: a user's teams, a package's uploads, groups of single sign-on, live access
-- tokens among the revoked, owners among members; and the list of versions, which is counted and jumped into by its index alone.
--
-- Locks: SHARE on each table while its index is built, moments for all but manifests, which is read once: a second or so for a
-- million rows. Where that is too long, make manifests_package_id_pushed_at_id_class_idx beforehand with CREATE INDEX CONCURRENTLY. ACCESS EXCLUSIVE on
-- manifests for an instant, as an index goes.

CREATE INDEX team_members_user_id_idx ON team_members (user_id);
CREATE INDEX members_owners_idx ON members (namespace_id) WHERE role = 'owner';
CREATE INDEX access_tokens_live_idx ON access_tokens (user_id, id) WHERE kind = 'personal' AND revoked_at IS NULL;
CREATE INDEX sso_groups_group_name_idx ON sso_groups (group_name);
CREATE INDEX upload_sessions_package_id_idx ON upload_sessions (package_id);

-- With the class beside the order: build caches are passed over without a look at their rows
CREATE INDEX IF NOT EXISTS manifests_package_id_pushed_at_id_class_idx ON manifests (package_id, pushed_at, id)
  INCLUDE (class) WHERE deleted_at IS NULL;
DROP INDEX manifests_package_id_pushed_at_id_idx;
