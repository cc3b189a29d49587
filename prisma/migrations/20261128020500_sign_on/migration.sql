-- Groups of the identity provider that make members of organisations and teams; which token opened a session.
--
-- Locks: ACCESS EXCLUSIVE on sessions for an instant (a new nullable column), SHARE ROW EXCLUSIVE on the tables that the new
-- one refers to, also for an instant.

CREATE TABLE sso_groups (
  id           integer          NOT NULL GENERATED ALWAYS AS IDENTITY,
  namespace_id integer          NOT NULL,
  group_name   text COLLATE "C" NOT NULL,
  team_id      integer,
  CONSTRAINT sso_groups_pkey PRIMARY KEY (id),
  CONSTRAINT sso_groups_group_name_check CHECK (octet_length(group_name) BETWEEN 1 AND 1000),
  CONSTRAINT sso_groups_namespace_id_fkey FOREIGN KEY (namespace_id) REFERENCES namespaces (id) ON DELETE CASCADE,
  CONSTRAINT sso_groups_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE
);
CREATE INDEX sso_groups_namespace_id_idx ON sso_groups (namespace_id);
CREATE INDEX sso_groups_team_id_idx ON sso_groups (team_id) WHERE team_id IS NOT NULL;
COMMENT ON TABLE sso_groups IS
  'Who has the group is a member of the organisation, and of the team where there is one. An organisation with rows here takes its plain members from the groups alone';

ALTER TABLE sessions
  ADD COLUMN opened_by integer,
  ADD CONSTRAINT sessions_opened_by_fkey FOREIGN KEY (opened_by) REFERENCES access_tokens (id) ON DELETE CASCADE;
CREATE INDEX sessions_opened_by_idx ON sessions (opened_by) WHERE opened_by IS NOT NULL;
COMMENT ON COLUMN sessions.opened_by IS 'The access token that somebody logged in with: the session ends with it';
