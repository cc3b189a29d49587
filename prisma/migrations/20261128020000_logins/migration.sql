-- Trust policies, confined access tokens, single sign-on, sessions, refusals; whose an audit entry is.
--
-- Locks: ACCESS EXCLUSIVE on users, namespaces, access_tokens and audit_log for an instant each (new nullable columns and
-- columns with constant defaults, which rewrite nothing). The checks on access_tokens read that table once; it is small. The
-- index on audit_log blocks its writers while it is built.

-- ---------------------------------------------------------------------------------------------------------------------
-- Workload identity

CREATE TABLE trust_policies (
  id             integer          NOT NULL GENERATED ALWAYS AS IDENTITY,
  namespace_id   integer          NOT NULL,
  source_id      integer,
  name           text             NOT NULL,
  issuer         text COLLATE "C" NOT NULL,
  audience       text COLLATE "C" NOT NULL,
  source_url     text,
  conditions     jsonb            NOT NULL,
  counts_pulls   boolean          NOT NULL DEFAULT true,
  created_at     timestamptz      NOT NULL DEFAULT now(),
  CONSTRAINT trust_policies_pkey PRIMARY KEY (id),
  CONSTRAINT trust_policies_source_id_check CHECK ((source_id IS NULL) = (source_url IS NOT NULL)),
  -- a longer one would not fit into an index entry
  CONSTRAINT trust_policies_issuer_check CHECK (octet_length(issuer) BETWEEN 1 AND 1000),
  -- a policy without conditions would trust everybody whom the issuer knows
  CONSTRAINT trust_policies_conditions_check CHECK (jsonb_typeof(conditions) = 'object' AND conditions <> '{}'),
  CONSTRAINT trust_policies_namespace_id_fkey FOREIGN KEY (namespace_id) REFERENCES namespaces (id) ON DELETE RESTRICT,
  CONSTRAINT trust_policies_source_id_fkey FOREIGN KEY (source_id) REFERENCES sources (id) ON DELETE CASCADE
);
CREATE INDEX trust_policies_issuer_id_idx ON trust_policies (issuer, id);
CREATE INDEX trust_policies_namespace_id_id_idx ON trust_policies (namespace_id, id);
CREATE INDEX trust_policies_source_id_idx ON trust_policies (source_id) WHERE source_id IS NOT NULL;
COMMENT ON TABLE trust_policies IS 'Which workflows of which OpenID issuer may act, and as what';
COMMENT ON COLUMN trust_policies.source_id IS 'The workflows are this source''s; NULL: the one of the namespace that source_url names';
COMMENT ON COLUMN trust_policies.source_url IS 'URL of a source, {claim} standing for the value of a claim';
COMMENT ON COLUMN trust_policies.conditions IS 'Claim -> text that it must be, * standing for any run of characters';
COMMENT ON COLUMN trust_policies.counts_pulls IS 'False for scanners and health checks: what they pull is no download';

-- ---------------------------------------------------------------------------------------------------------------------
-- Access tokens

ALTER TABLE access_tokens
  ADD COLUMN kind         text NOT NULL DEFAULT 'personal',
  ADD COLUMN namespace_id integer,
  ADD COLUMN package_ids  integer[],
  ADD COLUMN counts_pulls boolean NOT NULL DEFAULT true,
  ADD CONSTRAINT access_tokens_kind_check CHECK (kind IN ('personal', 'session')),
  -- an empty list would read as no confinement somewhere
  ADD CONSTRAINT access_tokens_package_ids_check CHECK (package_ids IS NULL OR cardinality(package_ids) BETWEEN 1 AND 100),
  ADD CONSTRAINT access_tokens_namespace_id_fkey FOREIGN KEY (namespace_id) REFERENCES namespaces (id) ON DELETE RESTRICT;
COMMENT ON COLUMN access_tokens.kind IS 'session: the row behind a cookie, which is no password anywhere';
CREATE INDEX access_tokens_namespace_id_idx ON access_tokens (namespace_id) WHERE namespace_id IS NOT NULL;
COMMENT ON COLUMN access_tokens.namespace_id IS 'The token acts in this namespace only';
COMMENT ON COLUMN access_tokens.package_ids IS
  'The token acts on these packages only. No foreign key: a purged package leaves the token confined, and ids are never used again';

ALTER TABLE namespaces ADD COLUMN requires_sso boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN namespaces.requires_sso IS 'Only tokens in access_token_sso act in it';

CREATE TABLE access_token_sso (
  token_id     integer     NOT NULL,
  namespace_id integer     NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT access_token_sso_pkey PRIMARY KEY (token_id, namespace_id),
  CONSTRAINT access_token_sso_token_id_fkey FOREIGN KEY (token_id) REFERENCES access_tokens (id) ON DELETE CASCADE,
  CONSTRAINT access_token_sso_namespace_id_fkey FOREIGN KEY (namespace_id) REFERENCES namespaces (id) ON DELETE CASCADE
);
CREATE INDEX access_token_sso_namespace_id_idx ON access_token_sso (namespace_id);
COMMENT ON TABLE access_token_sso IS 'Tokens that their owner authorised for an organisation after signing in there';

-- ---------------------------------------------------------------------------------------------------------------------
-- People

CREATE TABLE sso_identities (
  issuer        text COLLATE "C" NOT NULL,
  subject       text COLLATE "C" NOT NULL,
  user_id       integer          NOT NULL,
  created_at    timestamptz      NOT NULL DEFAULT now(),
  last_login_at timestamptz,
  CONSTRAINT sso_identities_pkey PRIMARY KEY (issuer, subject),
  CONSTRAINT sso_identities_subject_check CHECK (octet_length(issuer) <= 1000 AND octet_length(subject) <= 255),
  CONSTRAINT sso_identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE RESTRICT
);
CREATE INDEX sso_identities_user_id_idx ON sso_identities (user_id);
COMMENT ON TABLE sso_identities IS 'Who an issuer''s subject is here. Never found by e-mail or name, which others can take';

CREATE TABLE sessions (
  token_id integer     NOT NULL,
  is_sso   boolean     NOT NULL,
  seen_at  timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT sessions_pkey PRIMARY KEY (token_id),
  CONSTRAINT sessions_token_id_fkey FOREIGN KEY (token_id) REFERENCES access_tokens (id) ON DELETE CASCADE
);
COMMENT ON TABLE sessions IS 'The rest of a session: its rights, end and revocation are those of its row in access_tokens';

-- ---------------------------------------------------------------------------------------------------------------------
-- Refusals

CREATE TABLE refusals (
  package_id integer          NOT NULL,
  identity   text COLLATE "C" NOT NULL,
  action     text COLLATE "C" NOT NULL,
  rule       text COLLATE "C" NOT NULL,
  count      bigint           NOT NULL,
  first_at   timestamptz      NOT NULL DEFAULT now(),
  last_at    timestamptz      NOT NULL DEFAULT now(),
  CONSTRAINT refusals_pkey PRIMARY KEY (package_id, identity, action, rule),
  CONSTRAINT refusals_package_id_fkey FOREIGN KEY (package_id) REFERENCES packages (id) ON DELETE CASCADE
);
COMMENT ON TABLE refusals IS 'Who was refused what on a package and by which rule, counted; gathered in memory, flushed later';

-- ---------------------------------------------------------------------------------------------------------------------
-- Audit log

ALTER TABLE audit_log ADD COLUMN namespace_id integer;
COMMENT ON COLUMN audit_log.namespace_id IS 'Whose owners may read it. No foreign key, as for all of this table';
CREATE INDEX audit_log_namespace_id_id_idx ON audit_log (namespace_id, id) WHERE namespace_id IS NOT NULL;
CREATE INDEX audit_log_actor_user_id_id_idx ON audit_log (actor_user_id, id) WHERE actor_user_id IS NOT NULL;
