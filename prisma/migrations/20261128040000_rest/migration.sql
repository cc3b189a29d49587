-- What the REST API shows and rules: metadata of manifests, downloads, rules for tags.
--
-- Locks: ACCESS EXCLUSIVE on manifests for an instant (a new nullable column, which rewrites nothing). The indexes block
-- writers of manifests, tags and packages while they are built.

ALTER TABLE manifests ADD COLUMN metadata json;
COMMENT ON COLUMN manifests.metadata IS
  'Description, licences, source and the like, read from annotations and labels at push and cut; json, as annotations';

-- Versions in the order of their list, newest first
CREATE INDEX manifests_package_id_pushed_at_id_idx ON manifests (package_id, pushed_at, id) WHERE deleted_at IS NULL;
CREATE INDEX manifests_package_id_deleted_at_id_idx ON manifests (package_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
-- Which tag moved last
CREATE INDEX tags_package_id_pushed_at_idx ON tags (package_id, pushed_at);
-- What a name can be restored to
CREATE INDEX packages_deleted_name_deleted_at_idx ON packages (deleted_name, deleted_at) WHERE deleted_name IS NOT NULL;

CREATE TABLE manifest_downloads (
  manifest_id  integer     NOT NULL,
  count        bigint      NOT NULL,
  last_at      timestamptz NOT NULL,
  CONSTRAINT manifest_downloads_pkey PRIMARY KEY (manifest_id),
  CONSTRAINT manifest_downloads_count_check CHECK (count >= 0),
  CONSTRAINT manifest_downloads_manifest_id_fkey FOREIGN KEY (manifest_id) REFERENCES manifests (id) ON DELETE CASCADE
) WITH (fillfactor = 70); -- counted up every few seconds: with room in their page no index is touched
COMMENT ON TABLE manifest_downloads IS 'Sum of manifest_pulls, so that a list need not add up days; and when the last one was';

CREATE TABLE tag_rules (
  id           integer     NOT NULL GENERATED ALWAYS AS IDENTITY,
  package_id   integer     NOT NULL,
  pattern      text        NOT NULL,
  is_immutable boolean     NOT NULL DEFAULT false,
  publishers   text[],
  created_at   timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT tag_rules_pkey PRIMARY KEY (id),
  CONSTRAINT tag_rules_pattern_check CHECK (octet_length(pattern) BETWEEN 1 AND 256),
  CONSTRAINT tag_rules_publishers_check CHECK (is_immutable OR publishers IS NOT NULL),
  CONSTRAINT tag_rules_package_id_fkey FOREIGN KEY (package_id) REFERENCES packages (id) ON DELETE CASCADE
);
CREATE INDEX tag_rules_package_id_idx ON tag_rules (package_id);
COMMENT ON COLUMN tag_rules.pattern IS 'Regular expression (RE2) that the whole tag must match';
COMMENT ON COLUMN tag_rules.is_immutable IS 'Such a tag, once set, is neither moved nor deleted';
COMMENT ON COLUMN tag_rules.publishers IS
  'Who may set, move and delete such tags: user:LOGIN, team:ORG/SLUG, workflow:URL of its source; NULL: all who may push';
