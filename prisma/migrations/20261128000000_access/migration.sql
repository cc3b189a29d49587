-- Teams, and roles on packages and sources beside those that single users have. New tables, and a wider check on
-- access_tokens, which is locked while its rows are looked through: moments, as there are few tokens.

-- ---------------------------------------------------------------------------------------------------------------------
-- Teams

CREATE TABLE teams (
  id           integer          NOT NULL GENERATED ALWAYS AS IDENTITY,
  namespace_id integer          NOT NULL,
  slug         text COLLATE "C" NOT NULL,
  name         text             NOT NULL,
  description  text             NOT NULL DEFAULT '',
  parent_id    integer,
  lineage      integer[]        NOT NULL,
  created_at   timestamptz      NOT NULL DEFAULT now(),
  CONSTRAINT teams_pkey PRIMARY KEY (id),
  CONSTRAINT teams_lineage_check
    CHECK (cardinality(lineage) BETWEEN 1 AND 8 AND lineage[cardinality(lineage)] = id
      AND lineage[cardinality(lineage) - 1] IS NOT DISTINCT FROM parent_id),
  CONSTRAINT teams_namespace_id_fkey FOREIGN KEY (namespace_id) REFERENCES namespaces (id) ON DELETE RESTRICT,
  CONSTRAINT teams_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES teams (id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX teams_namespace_id_slug_key ON teams (namespace_id, slug);
CREATE INDEX teams_parent_id_idx ON teams (parent_id) WHERE parent_id IS NOT NULL;
COMMENT ON COLUMN teams.lineage IS
  'From the outermost team to this one: a member has the roles of all of them, found without walking. Eight deep at most';

CREATE TABLE team_members (
  team_id      integer     NOT NULL,
  user_id      integer     NOT NULL,
  namespace_id integer     NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT team_members_pkey PRIMARY KEY (team_id, user_id),
  CONSTRAINT team_members_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE,
  -- who leaves the organisation leaves its teams
  CONSTRAINT team_members_namespace_id_user_id_fkey
    FOREIGN KEY (namespace_id, user_id) REFERENCES members (namespace_id, user_id) ON DELETE CASCADE
);
CREATE INDEX team_members_namespace_id_user_id_idx ON team_members (namespace_id, user_id);

-- ---------------------------------------------------------------------------------------------------------------------
-- Roles. Foreign keys that say CASCADE: a role goes with whom it was given to.

CREATE TABLE package_team_roles (
  package_id integer     NOT NULL,
  team_id    integer     NOT NULL,
  role       text        NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT package_team_roles_pkey PRIMARY KEY (package_id, team_id),
  CONSTRAINT package_team_roles_role_check CHECK (role IN ('read', 'write', 'admin')),
  CONSTRAINT package_team_roles_package_id_fkey FOREIGN KEY (package_id) REFERENCES packages (id) ON DELETE CASCADE,
  CONSTRAINT package_team_roles_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE
);
CREATE INDEX package_team_roles_team_id_idx ON package_team_roles (team_id);

CREATE TABLE package_workflow_roles (
  package_id integer     NOT NULL,
  source_id  integer     NOT NULL,
  role       text        NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT package_workflow_roles_pkey PRIMARY KEY (package_id, source_id),
  CONSTRAINT package_workflow_roles_role_check CHECK (role IN ('read', 'write', 'admin')),
  CONSTRAINT package_workflow_roles_package_id_fkey FOREIGN KEY (package_id) REFERENCES packages (id) ON DELETE CASCADE,
  CONSTRAINT package_workflow_roles_source_id_fkey FOREIGN KEY (source_id) REFERENCES sources (id) ON DELETE CASCADE
);
CREATE INDEX package_workflow_roles_source_id_idx ON package_workflow_roles (source_id);
COMMENT ON TABLE package_workflow_roles IS
  'What the workflows of a source may do with a package that is not linked to it, or does not inherit';

CREATE TABLE source_roles (
  source_id  integer     NOT NULL,
  user_id    integer     NOT NULL,
  role       text        NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT source_roles_pkey PRIMARY KEY (source_id, user_id),
  CONSTRAINT source_roles_role_check CHECK (role IN ('read', 'write', 'admin')),
  CONSTRAINT source_roles_source_id_fkey FOREIGN KEY (source_id) REFERENCES sources (id) ON DELETE CASCADE,
  CONSTRAINT source_roles_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE RESTRICT
);
CREATE INDEX source_roles_user_id_idx ON source_roles (user_id);

CREATE TABLE source_team_roles (
  source_id  integer     NOT NULL,
  team_id    integer     NOT NULL,
  role       text        NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT source_team_roles_pkey PRIMARY KEY (source_id, team_id),
  CONSTRAINT source_team_roles_role_check CHECK (role IN ('read', 'write', 'admin')),
  CONSTRAINT source_team_roles_source_id_fkey FOREIGN KEY (source_id) REFERENCES sources (id) ON DELETE CASCADE,
  CONSTRAINT source_team_roles_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE
);
CREATE INDEX source_team_roles_team_id_idx ON source_team_roles (team_id);

-- ---------------------------------------------------------------------------------------------------------------------
-- The scope for organisations, as GitHub calls it

ALTER TABLE access_tokens DROP CONSTRAINT access_tokens_scopes_check;
ALTER TABLE access_tokens ADD CONSTRAINT access_tokens_scopes_check
  CHECK (scopes <@ ARRAY['read:packages', 'write:packages', 'delete:packages', 'admin:org', 'admin:registry']);
