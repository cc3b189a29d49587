-- The registry's tables. Only creates, in an empty schema: it locks nothing that anybody uses.
--
-- How to read them: text keys are COLLATE "C" (byte order, which lists and clients expect, and no dependence on the
-- operating system's locale). Foreign keys restrict unless they say CASCADE; they are the net, the advisory gates of the
-- packages are the rule. Partial indexes follow marks (idle_since, review_at, purge_at): "look at this", set by whoever
-- lets go of a thing, cleared only by the collector that looked.

-- ---------------------------------------------------------------------------------------------------------------------
-- The instance, its people and their tokens

CREATE TABLE instance (
  id         integer     NOT NULL DEFAULT 1,
  name       text        NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT instance_pkey PRIMARY KEY (id),
  CONSTRAINT instance_id_check CHECK (id = 1)
);
COMMENT ON COLUMN instance.name IS 'Made at first start and kept: iss and aud of bearer tokens, service of the challenge';

CREATE TABLE signing_keys (
  kid         text COLLATE "C" NOT NULL,
  private_jwk jsonb            NOT NULL,
  public_jwk  jsonb            NOT NULL,
  created_at  timestamptz      NOT NULL DEFAULT now(),
  signs_from  timestamptz      NOT NULL,
  retires_at  timestamptz      NOT NULL,
  CONSTRAINT signing_keys_pkey PRIMARY KEY (kid),
  CONSTRAINT signing_keys_retires_at_check CHECK (signs_from < retires_at),
  -- public_jwk goes to anybody who asks: the private half has no way into it
  CONSTRAINT signing_keys_public_jwk_check CHECK (NOT public_jwk ? 'd')
);

CREATE TABLE users (
  id             integer          NOT NULL GENERATED ALWAYS AS IDENTITY,
  login          text COLLATE "C" NOT NULL,
  login_key      text COLLATE "C" NOT NULL,
  disabled_at    timestamptz,
  access_version bigint           NOT NULL DEFAULT 1,
  created_at     timestamptz      NOT NULL DEFAULT now(),
  CONSTRAINT users_pkey PRIMARY KEY (id),
  CONSTRAINT users_login_key_check CHECK (login_key = lower(login))
);
CREATE UNIQUE INDEX users_login_key_key ON users (login_key);
COMMENT ON COLUMN users.login IS 'As given; login_key is what it is found by';
COMMENT ON COLUMN users.access_version IS
  'Raised in the transaction of every change to what the user may do: cached decisions carry it. So do those of tokens, namespaces and packages';

CREATE TABLE access_tokens (
  id             integer     NOT NULL GENERATED ALWAYS AS IDENTITY,
  user_id        integer     NOT NULL,
  name           text        NOT NULL,
  hash           bytea       NOT NULL,
  scopes         text[]      NOT NULL,
  created_at     timestamptz NOT NULL DEFAULT now(),
  expires_at     timestamptz,
  last_used_at   timestamptz,
  revoked_at     timestamptz,
  access_version bigint      NOT NULL DEFAULT 1,
  CONSTRAINT access_tokens_pkey PRIMARY KEY (id),
  CONSTRAINT access_tokens_hash_check CHECK (octet_length(hash) = 32),
  CONSTRAINT access_tokens_scopes_check
    CHECK (scopes <@ ARRAY['read:packages', 'write:packages', 'delete:packages', 'admin:registry']),
  CONSTRAINT access_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX access_tokens_hash_key ON access_tokens (hash);
CREATE INDEX access_tokens_user_id_idx ON access_tokens (user_id);
COMMENT ON COLUMN access_tokens.hash IS 'SHA-256 of the token, which itself is nowhere';

CREATE TABLE namespaces (
  id             integer          NOT NULL GENERATED ALWAYS AS IDENTITY,
  path           text COLLATE "C" NOT NULL,
  login          text COLLATE "C" NOT NULL,
  kind           text             NOT NULL,
  user_id        integer,
  access_version bigint           NOT NULL DEFAULT 1,
  created_at     timestamptz      NOT NULL DEFAULT now(),
  CONSTRAINT namespaces_pkey PRIMARY KEY (id),
  CONSTRAINT namespaces_path_check CHECK (path = lower(login)),
  CONSTRAINT namespaces_kind_check CHECK (kind IN ('user', 'organisation')),
  CONSTRAINT namespaces_user_id_check CHECK ((kind = 'user') = (user_id IS NOT NULL)),
  CONSTRAINT namespaces_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX namespaces_path_key ON namespaces (path);
CREATE UNIQUE INDEX namespaces_user_id_key ON namespaces (user_id);
COMMENT ON COLUMN namespaces.path IS 'First component of the names of its packages';

CREATE TABLE members (
  namespace_id integer     NOT NULL,
  user_id      integer     NOT NULL,
  role         text        NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT members_pkey PRIMARY KEY (namespace_id, user_id),
  CONSTRAINT members_role_check CHECK (role IN ('owner', 'member')),
  CONSTRAINT members_namespace_id_fkey FOREIGN KEY (namespace_id) REFERENCES namespaces (id) ON DELETE RESTRICT,
  CONSTRAINT members_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE RESTRICT
);
CREATE INDEX members_user_id_idx ON members (user_id);

-- ---------------------------------------------------------------------------------------------------------------------
-- Packages

CREATE TABLE sources (
  id           integer          NOT NULL GENERATED ALWAYS AS IDENTITY,
  namespace_id integer          NOT NULL,
  url          text COLLATE "C" NOT NULL,
  created_at   timestamptz      NOT NULL DEFAULT now(),
  CONSTRAINT sources_pkey PRIMARY KEY (id),
  -- a longer one would not fit into an index entry
  CONSTRAINT sources_url_check CHECK (octet_length(url) <= 2000),
  CONSTRAINT sources_namespace_id_fkey FOREIGN KEY (namespace_id) REFERENCES namespaces (id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX sources_namespace_id_url_key ON sources (namespace_id, url);
COMMENT ON TABLE sources IS 'Source-code repositories that packages are linked to';

CREATE TABLE packages (
  id             integer     NOT NULL GENERATED ALWAYS AS IDENTITY,
  namespace_id   integer     NOT NULL,
  visibility     text        NOT NULL DEFAULT 'private',
  allow_sparse   boolean     NOT NULL DEFAULT false,
  keeps_untagged boolean     NOT NULL DEFAULT false,
  untagged_after integer,
  source_id      integer,
  inherits       boolean     NOT NULL DEFAULT false,
  publisher_id   integer,
  access_version bigint      NOT NULL DEFAULT 1,
  created_at     timestamptz NOT NULL DEFAULT now(),
  published_at   timestamptz,
  deleted_at     timestamptz,
  purge_at       timestamptz,
  deleted_name   text COLLATE "C",
  CONSTRAINT packages_pkey PRIMARY KEY (id),
  CONSTRAINT packages_visibility_check CHECK (visibility IN ('private', 'internal', 'public')),
  CONSTRAINT packages_untagged_after_check
    CHECK (untagged_after IS NULL OR (untagged_after >= 0 AND NOT keeps_untagged)),
  CONSTRAINT packages_inherits_check CHECK (source_id IS NOT NULL OR NOT inherits),
  CONSTRAINT packages_deleted_at_check
    CHECK ((deleted_at IS NULL) = (purge_at IS NULL) AND (deleted_at IS NULL) = (deleted_name IS NULL)),
  CONSTRAINT packages_namespace_id_fkey FOREIGN KEY (namespace_id) REFERENCES namespaces (id) ON DELETE RESTRICT,
  CONSTRAINT packages_source_id_fkey FOREIGN KEY (source_id) REFERENCES sources (id) ON DELETE RESTRICT,
  CONSTRAINT packages_publisher_id_fkey FOREIGN KEY (publisher_id) REFERENCES users (id) ON DELETE RESTRICT
);
CREATE INDEX packages_namespace_id_idx ON packages (namespace_id);
CREATE INDEX packages_source_id_idx ON packages (source_id) WHERE source_id IS NOT NULL;
CREATE INDEX packages_purge_at_id_idx ON packages (purge_at, id) WHERE purge_at IS NOT NULL;
COMMENT ON TABLE packages IS 'No counters: nothing in a row that every push would have to update';
COMMENT ON COLUMN packages.untagged_after IS
  'Seconds until an untagged manifest is collected; NULL: the instance''s rule, or never where keeps_untagged';
COMMENT ON COLUMN packages.inherits IS 'Roles come from the source as well';
COMMENT ON COLUMN packages.publisher_id IS 'Who uploaded first';
COMMENT ON COLUMN packages.published_at IS 'First manifest; before it the package is in no list';
COMMENT ON COLUMN packages.deleted_name IS 'The name to restore; its row in package_names is gone';

CREATE TABLE package_names (
  full_name   text COLLATE "C" NOT NULL,
  package_id  integer          NOT NULL,
  created_at  timestamptz      NOT NULL DEFAULT now(),
  alias_until timestamptz,
  CONSTRAINT package_names_pkey PRIMARY KEY (full_name),
  CONSTRAINT package_names_package_id_fkey FOREIGN KEY (package_id) REFERENCES packages (id) ON DELETE RESTRICT
);
CREATE INDEX package_names_package_id_idx ON package_names (package_id);
CREATE UNIQUE INDEX package_names_current_key ON package_names (package_id) WHERE alias_until IS NULL;
COMMENT ON TABLE package_names IS 'A package has one current name, and former ones (alias_until) that go on working; the key is the order of the catalog';

CREATE TABLE package_roles (
  package_id integer     NOT NULL,
  user_id    integer     NOT NULL,
  role       text        NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT package_roles_pkey PRIMARY KEY (package_id, user_id),
  CONSTRAINT package_roles_role_check CHECK (role IN ('read', 'write', 'admin')),
  CONSTRAINT package_roles_package_id_fkey FOREIGN KEY (package_id) REFERENCES packages (id) ON DELETE RESTRICT,
  CONSTRAINT package_roles_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE RESTRICT
);
CREATE INDEX package_roles_user_id_idx ON package_roles (user_id);

-- ---------------------------------------------------------------------------------------------------------------------
-- Blobs
--
-- Marks make queues of big tables: every mark set and cleared leaves a dead entry at the head of its partial index. The
-- tables that carry them are vacuumed after 2 % of changes instead of 20 %, so that a run never wades through those.

CREATE TABLE blobs (
  id            bigint           NOT NULL GENERATED ALWAYS AS IDENTITY,
  digest        text COLLATE "C" NOT NULL,
  size          bigint           NOT NULL,
  object_key    text COLLATE "C" NOT NULL,
  created_at    timestamptz      NOT NULL DEFAULT now(),
  idle_since    timestamptz,
  missing_since timestamptz,
  CONSTRAINT blobs_pkey PRIMARY KEY (id),
  CONSTRAINT blobs_size_check CHECK (size >= 0)
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE UNIQUE INDEX blobs_digest_key ON blobs (digest);
CREATE UNIQUE INDEX blobs_object_key_key ON blobs (object_key);
CREATE INDEX blobs_idle_since_id_idx ON blobs (idle_since, id) WHERE idle_since IS NOT NULL;
COMMENT ON COLUMN blobs.object_key IS 'Random, never used again: deleting an object cannot hit a later upload of the same digest';
COMMENT ON COLUMN blobs.created_at IS 'Lets the reconcile tell rows older than its listing of the bucket';
COMMENT ON COLUMN blobs.missing_since IS 'The object is not in the store: readers and writers take the blob as absent';

CREATE TABLE package_blobs (
  package_id integer          NOT NULL,
  digest     text COLLATE "C" NOT NULL,
  blob_id    bigint           NOT NULL,
  idle_since timestamptz      DEFAULT now(),
  CONSTRAINT package_blobs_pkey PRIMARY KEY (package_id, digest),
  CONSTRAINT package_blobs_package_id_fkey FOREIGN KEY (package_id) REFERENCES packages (id) ON DELETE RESTRICT,
  CONSTRAINT package_blobs_blob_id_fkey FOREIGN KEY (blob_id) REFERENCES blobs (id) ON DELETE RESTRICT
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX package_blobs_blob_id_idx ON package_blobs (blob_id);
CREATE INDEX package_blobs_idle_since_package_id_digest_idx ON package_blobs (idle_since, package_id, digest)
  WHERE idle_since IS NOT NULL;
COMMENT ON TABLE package_blobs IS 'Links: that a package holds a blob. A digest alone never opens one';
COMMENT ON COLUMN package_blobs.idle_since IS 'A new link starts idle; the collector clears it once a manifest uses the link';

-- ---------------------------------------------------------------------------------------------------------------------
-- Manifests

CREATE TABLE manifests (
  id             integer          NOT NULL GENERATED ALWAYS AS IDENTITY,
  package_id     integer          NOT NULL,
  digest         text COLLATE "C" NOT NULL,
  media_type     text             NOT NULL,
  class          text             NOT NULL,
  bytes          bytea            NOT NULL,
  size           integer          NOT NULL,
  config_size    bigint           NOT NULL DEFAULT 0,
  layers_size    bigint           NOT NULL DEFAULT 0,
  subject_digest text COLLATE "C",
  artifact_type  text,
  annotations    json,
  pushed_at      timestamptz      NOT NULL DEFAULT now(),
  pushed_by      integer,
  review_at      timestamptz,
  deleted_at     timestamptz,
  purge_at       timestamptz,
  deleted_by     text,
  deleted_tags   text[]           NOT NULL DEFAULT '{}',
  CONSTRAINT manifests_pkey PRIMARY KEY (id),
  CONSTRAINT manifests_class_check
    CHECK (class IN ('image', 'index', 'attestation', 'signature', 'chart', 'build_cache', 'other')),
  CONSTRAINT manifests_size_check CHECK (size = octet_length(bytes)),
  CONSTRAINT manifests_config_size_check CHECK (config_size >= 0),
  CONSTRAINT manifests_layers_size_check CHECK (layers_size >= 0),
  CONSTRAINT manifests_deleted_at_check CHECK ((deleted_at IS NULL) = (purge_at IS NULL)),
  CONSTRAINT manifests_package_id_fkey FOREIGN KEY (package_id) REFERENCES packages (id) ON DELETE RESTRICT,
  CONSTRAINT manifests_pushed_by_fkey FOREIGN KEY (pushed_by) REFERENCES users (id) ON DELETE RESTRICT
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE UNIQUE INDEX manifests_package_id_digest_key ON manifests (package_id, digest);
CREATE INDEX manifests_package_id_subject_digest_id_idx ON manifests (package_id, subject_digest, id)
  WHERE subject_digest IS NOT NULL;
CREATE INDEX manifests_review_at_id_idx ON manifests (review_at, id) WHERE review_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX manifests_purge_at_id_idx ON manifests (purge_at, id) WHERE purge_at IS NOT NULL;
COMMENT ON COLUMN manifests.bytes IS 'As pushed: its digest is over these, so nothing ever serialises it again';
COMMENT ON COLUMN manifests.layers_size IS 'Sum over the layers, stored at push, so that sizes are queries and not walks';
COMMENT ON COLUMN manifests.subject_digest IS 'No foreign key: a subject may arrive after its referrers, or never';
COMMENT ON COLUMN manifests.artifact_type IS 'Up to some KB, more than an index entry holds: a referrers list filters after its index';
COMMENT ON COLUMN manifests.annotations IS 'For referrers lists. json, as jsonb refuses \u0000 and lone surrogates, which a manifest may hold';
COMMENT ON COLUMN manifests.deleted_tags IS 'Tags it had when deleted: what a restore puts back';

-- References are by digest inside one package, whatever arrived first. A manifest's rows go with it; what they name cannot.

CREATE TABLE manifest_blobs (
  manifest_id integer          NOT NULL,
  package_id  integer          NOT NULL,
  digest      text COLLATE "C" NOT NULL,
  CONSTRAINT manifest_blobs_pkey PRIMARY KEY (manifest_id, digest),
  CONSTRAINT manifest_blobs_manifest_id_fkey FOREIGN KEY (manifest_id) REFERENCES manifests (id) ON DELETE CASCADE,
  CONSTRAINT manifest_blobs_package_id_digest_fkey
    FOREIGN KEY (package_id, digest) REFERENCES package_blobs (package_id, digest) ON DELETE RESTRICT
);
CREATE INDEX manifest_blobs_package_id_digest_idx ON manifest_blobs (package_id, digest);

CREATE TABLE manifest_children (
  manifest_id integer          NOT NULL,
  package_id  integer          NOT NULL,
  digest      text COLLATE "C" NOT NULL,
  CONSTRAINT manifest_children_pkey PRIMARY KEY (manifest_id, digest),
  CONSTRAINT manifest_children_manifest_id_fkey FOREIGN KEY (manifest_id) REFERENCES manifests (id) ON DELETE CASCADE,
  CONSTRAINT manifest_children_package_id_digest_fkey
    FOREIGN KEY (package_id, digest) REFERENCES manifests (package_id, digest) ON DELETE RESTRICT
);
CREATE INDEX manifest_children_package_id_digest_idx ON manifest_children (package_id, digest);

CREATE TABLE manifest_missing (
  manifest_id integer          NOT NULL,
  package_id  integer          NOT NULL,
  digest      text COLLATE "C" NOT NULL,
  CONSTRAINT manifest_missing_pkey PRIMARY KEY (manifest_id, digest),
  CONSTRAINT manifest_missing_manifest_id_fkey FOREIGN KEY (manifest_id) REFERENCES manifests (id) ON DELETE CASCADE
);
CREATE INDEX manifest_missing_package_id_digest_idx ON manifest_missing (package_id, digest);
COMMENT ON TABLE manifest_missing IS
  'Named, but absent at push: a child of a sparse index, a foreign layer. They count as references once they arrive';

CREATE TABLE manifest_pulls (
  manifest_id integer NOT NULL,
  day         date    NOT NULL,
  count       bigint  NOT NULL,
  CONSTRAINT manifest_pulls_pkey PRIMARY KEY (manifest_id, day),
  CONSTRAINT manifest_pulls_count_check CHECK (count > 0),
  CONSTRAINT manifest_pulls_manifest_id_fkey FOREIGN KEY (manifest_id) REFERENCES manifests (id) ON DELETE CASCADE
) WITH (fillfactor = 80); -- today's rows are counted up all day: with room in their page no index is touched

-- ---------------------------------------------------------------------------------------------------------------------
-- Tags

CREATE TABLE tags (
  package_id  integer          NOT NULL,
  name        text COLLATE "C" NOT NULL,
  manifest_id integer          NOT NULL,
  pushed_at   timestamptz      NOT NULL DEFAULT now(),
  CONSTRAINT tags_pkey PRIMARY KEY (package_id, name),
  CONSTRAINT tags_manifest_id_fkey FOREIGN KEY (manifest_id) REFERENCES manifests (id) ON DELETE RESTRICT
);
CREATE INDEX tags_manifest_id_idx ON tags (manifest_id);

CREATE TABLE tag_log (
  id          bigint           NOT NULL GENERATED ALWAYS AS IDENTITY,
  package_id  integer          NOT NULL,
  name        text COLLATE "C" NOT NULL,
  from_digest text COLLATE "C",
  to_digest   text COLLATE "C",
  actor       text             NOT NULL,
  at          timestamptz      NOT NULL DEFAULT now(),
  previous    bytea,
  CONSTRAINT tag_log_pkey PRIMARY KEY (id)
);
CREATE INDEX tag_log_package_id_name_id_idx ON tag_log (package_id, name, id);
COMMENT ON TABLE tag_log IS
  'Every move of every tag, for good. No foreign key: it outlives the package, whose id is never given out again';
COMMENT ON COLUMN tag_log.from_digest IS 'NULL: the tag is new. to_digest NULL: the tag was deleted';
COMMENT ON COLUMN tag_log.previous IS
  'tag_log_hash() of the same tag''s entry before this one, set by a trigger; NULL for the first';

-- Over everything an entry says, its own link included. Instants as microseconds: text would depend on the session's
-- time zone. A JSON array keeps neighbouring values apart.
CREATE FUNCTION tag_log_hash(entry tag_log) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(convert_to(jsonb_build_array(
  entry.id, entry.package_id, entry.name, entry.from_digest, entry.to_digest, entry.actor,
  (extract(epoch FROM entry.at) * 1000000)::bigint, encode(entry.previous, 'hex')
)::text, 'UTF8'));

-- The writer holds the tag's row, so the last entry cannot change under it.
CREATE FUNCTION tag_log_chain() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  NEW.previous := (
    SELECT tag_log_hash(entry)
    FROM tag_log AS entry
    WHERE entry.package_id = NEW.package_id AND entry.name = NEW.name
    ORDER BY entry.id DESC
    LIMIT 1
  );
  RETURN NEW;
END
$$;

CREATE TRIGGER tag_log_chain BEFORE INSERT ON tag_log FOR EACH ROW EXECUTE FUNCTION tag_log_chain();

-- ---------------------------------------------------------------------------------------------------------------------
-- Uploads
--
-- An object key is in a row before the object's first byte, and at every commit in one of upload_sessions, upload_pieces,
-- blobs, object_deletions.

CREATE TABLE upload_sessions (
  id          uuid             NOT NULL DEFAULT gen_random_uuid(),
  package_id  integer          NOT NULL,
  principal   text             NOT NULL,
  state       text             NOT NULL DEFAULT 'open',
  generation  integer          NOT NULL DEFAULT 0,
  "offset"    bigint           NOT NULL DEFAULT 0,
  algorithm   text             NOT NULL DEFAULT 'sha256',
  hash_state  bytea,
  body_digest text COLLATE "C",
  digest      text COLLATE "C",
  object_key  text COLLATE "C" NOT NULL,
  upload_id   text,
  busy_until  timestamptz,
  expires_at  timestamptz      NOT NULL,
  created_at  timestamptz      NOT NULL DEFAULT now(),
  CONSTRAINT upload_sessions_pkey PRIMARY KEY (id),
  CONSTRAINT upload_sessions_state_check CHECK (state IN ('open', 'completing', 'done', 'closed')),
  CONSTRAINT upload_sessions_offset_check CHECK ("offset" >= 0),
  CONSTRAINT upload_sessions_digest_check CHECK (digest IS NOT NULL OR state IN ('open', 'closed')),
  CONSTRAINT upload_sessions_package_id_fkey FOREIGN KEY (package_id) REFERENCES packages (id) ON DELETE RESTRICT
) WITH (fillfactor = 50); -- short rows that every chunk updates: with room in their page no index is touched
CREATE UNIQUE INDEX upload_sessions_object_key_key ON upload_sessions (object_key);
CREATE INDEX upload_sessions_expires_at_idx ON upload_sessions (expires_at);
COMMENT ON COLUMN upload_sessions.principal IS 'Who opened it; nobody else finds it, whatever they know (CVE-2026-32589)';
COMMENT ON COLUMN upload_sessions.generation IS 'Raised by every request that takes the session: the newest one owns it';
COMMENT ON COLUMN upload_sessions."offset" IS 'Durable bytes';
COMMENT ON COLUMN upload_sessions.hash_state IS 'Running hash over the bytes up to offset, where it could be saved';
COMMENT ON COLUMN upload_sessions.body_digest IS 'Digest of the bytes up to offset, where the hash was finished there';
COMMENT ON COLUMN upload_sessions.digest IS 'What the client commits it as';

CREATE TABLE upload_parts (
  session_id uuid    NOT NULL,
  number     integer NOT NULL,
  size       integer NOT NULL,
  etag       text    NOT NULL,
  CONSTRAINT upload_parts_pkey PRIMARY KEY (session_id, number),
  CONSTRAINT upload_parts_number_check CHECK (number BETWEEN 1 AND 10000),
  CONSTRAINT upload_parts_size_check CHECK (size > 0),
  CONSTRAINT upload_parts_session_id_fkey FOREIGN KEY (session_id) REFERENCES upload_sessions (id) ON DELETE CASCADE
);

CREATE TABLE upload_pieces (
  session_id uuid             NOT NULL,
  "offset"   bigint           NOT NULL,
  length     integer,
  object_key text COLLATE "C" NOT NULL,
  CONSTRAINT upload_pieces_pkey PRIMARY KEY (session_id, object_key),
  CONSTRAINT upload_pieces_offset_check CHECK ("offset" >= 0),
  CONSTRAINT upload_pieces_length_check CHECK (length > 0),
  -- no CASCADE: its object would be forgotten with it
  CONSTRAINT upload_pieces_session_id_fkey FOREIGN KEY (session_id) REFERENCES upload_sessions (id) ON DELETE RESTRICT
);
CREATE UNIQUE INDEX upload_pieces_object_key_key ON upload_pieces (object_key);
COMMENT ON TABLE upload_pieces IS 'Objects of bytes too few for a part, until they are joined into one';
COMMENT ON COLUMN upload_pieces.length IS 'NULL: the key is reserved, the object not known to be durable';

CREATE TABLE object_deletions (
  object_key text COLLATE "C" NOT NULL,
  upload_id  text,
  not_before timestamptz      NOT NULL DEFAULT now(),
  again_at   timestamptz,
  tried_at   timestamptz,
  CONSTRAINT object_deletions_pkey PRIMARY KEY (object_key)
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX object_deletions_not_before_idx ON object_deletions (not_before);
COMMENT ON COLUMN object_deletions.upload_id IS 'A multipart upload to abort first';
COMMENT ON COLUMN object_deletions.not_before IS 'Objects outlive the oldest database backup that is kept';
COMMENT ON COLUMN object_deletions.again_at IS 'Somebody may still write under the key until then: it is deleted a second time';
COMMENT ON COLUMN object_deletions.tried_at IS 'Claims the row: committed before the store is called';

-- ---------------------------------------------------------------------------------------------------------------------
-- What happened

CREATE TABLE events (
  id         bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
  at         timestamptz NOT NULL DEFAULT now(),
  kind       text        NOT NULL,
  package_id integer,
  actor      text        NOT NULL,
  data       jsonb       NOT NULL DEFAULT '{}',
  CONSTRAINT events_pkey PRIMARY KEY (id)
);
COMMENT ON COLUMN events.package_id IS 'No foreign key: that a package was purged is an event as well';

CREATE TABLE outbox (
  consumer text COLLATE "C" NOT NULL,
  event_id bigint           NOT NULL,
  CONSTRAINT outbox_pkey PRIMARY KEY (consumer, event_id),
  CONSTRAINT outbox_event_id_fkey FOREIGN KEY (event_id) REFERENCES events (id) ON DELETE RESTRICT
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX outbox_event_id_idx ON outbox (event_id);
COMMENT ON TABLE outbox IS
  'What each consumer has still to handle. A cursor on events.id would miss those that commit after a later id';

CREATE TABLE audit_log (
  id            bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
  at            timestamptz NOT NULL DEFAULT now(),
  actor         text        NOT NULL,
  actor_user_id integer,
  token_id      integer,
  action        text        NOT NULL,
  target        text        NOT NULL,
  address       text,
  result        text        NOT NULL,
  data          jsonb,
  CONSTRAINT audit_log_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE audit_log IS 'Never holds a secret. No foreign keys: it outlives what it names';

-- Against mistakes in code, ours or an operator's. It does not stop the owner of the tables, who can drop the trigger: the
-- chain in tag_log shows that. A purge of a package leaves its tag_log in place.
CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;

CREATE TRIGGER tag_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tag_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
