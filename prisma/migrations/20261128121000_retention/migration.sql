-- Retention policies, and marks of untagged manifests that are rewritten when a rule changes.
--
-- Locks: ACCESS EXCLUSIVE on manifests and packages for an instant (columns that are nullable or have a constant default,
-- which rewrite nothing). The indexes block writers of packages while they are built.

CREATE TABLE retention_policies (
  id           integer     NOT NULL GENERATED ALWAYS AS IDENTITY,
  package_id   integer,
  namespace_id integer,
  tags         text,
  keep         jsonb       NOT NULL,
  version      integer     NOT NULL DEFAULT 1,
  created_at   timestamptz NOT NULL DEFAULT now(),
  changed_at   timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT retention_policies_pkey PRIMARY KEY (id),
  CONSTRAINT retention_policies_package_id_key UNIQUE (package_id),
  CONSTRAINT retention_policies_namespace_id_key UNIQUE (namespace_id),
  CONSTRAINT retention_policies_holder_check CHECK (num_nonnulls(package_id, namespace_id) = 1),
  CONSTRAINT retention_policies_keep_check CHECK (jsonb_typeof(keep) = 'array'),
  CONSTRAINT retention_policies_package_id_fkey FOREIGN KEY (package_id) REFERENCES packages (id) ON DELETE CASCADE,
  CONSTRAINT retention_policies_namespace_id_fkey FOREIGN KEY (namespace_id) REFERENCES namespaces (id) ON DELETE CASCADE
);
COMMENT ON TABLE retention_policies IS 'Which tags go by themselves; that of a package takes the place of its namespace''s';
COMMENT ON COLUMN retention_policies.tags IS 'Regular expression (RE2) that the whole of a tag must match to be judged; NULL: all are';
COMMENT ON COLUMN retention_policies.keep IS
  'Rules of which one is enough: {"tags"?: expression, "newest"?: versions, "pushedWithin"? or "pulledWithin"?: seconds}';
COMMENT ON COLUMN retention_policies.version IS 'Raised by every change: nothing goes by a policy of before';

CREATE TABLE retention_looks (
  package_id integer     NOT NULL,
  policy     text        NOT NULL,
  looked_at  timestamptz NOT NULL,
  due_at     timestamptz,
  CONSTRAINT retention_looks_pkey PRIMARY KEY (package_id),
  CONSTRAINT retention_looks_package_id_fkey FOREIGN KEY (package_id) REFERENCES packages (id) ON DELETE CASCADE
);
COMMENT ON TABLE retention_looks IS 'When a package''s tags were judged last, so that none are judged again for nothing';
COMMENT ON COLUMN retention_looks.policy IS 'The policy''s id and version';
COMMENT ON COLUMN retention_looks.due_at IS 'When time alone makes a difference; NULL: never';

ALTER TABLE manifests ADD COLUMN is_leftover boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN manifests.is_leftover IS
  'Without tags, and part of what a retention policy removed: goes once nothing holds it, even where untagged manifests stay';

CREATE TABLE untagged_rule (
  id              integer NOT NULL DEFAULT 1,
  rule            text,
  rewriting_after integer,
  CONSTRAINT untagged_rule_pkey PRIMARY KEY (id),
  CONSTRAINT untagged_rule_id_check CHECK (id = 1)
);
INSERT INTO untagged_rule (id) VALUES (1);
COMMENT ON TABLE untagged_rule IS 'The instance''s rule that marks in manifests.review_at were written by';
COMMENT ON COLUMN untagged_rule.rule IS 'Seconds or never; NULL: nobody noted it yet';
COMMENT ON COLUMN untagged_rule.rewriting_after IS 'The rule changed: packages up to this id are told; NULL: all are';

ALTER TABLE packages ADD COLUMN marks_after text COLLATE "C";
COMMENT ON COLUMN packages.marks_after IS
  'Its rule for untagged manifests changed: marks up to this place are rewritten (empty: none yet); NULL: all are';
CREATE INDEX packages_rewriting_idx ON packages (id) WHERE marks_after IS NOT NULL;
-- Packages of a namespace page by page
CREATE INDEX packages_namespace_id_id_idx ON packages (namespace_id, id);
