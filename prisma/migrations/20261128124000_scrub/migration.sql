-- Reconcile as operators drive it: runs with what they found; the scrub, which hashes objects anew; what operators see of
-- uploads and of objects that wait to be deleted; one pace for all workers together.
--
-- Locks: ACCESS EXCLUSIVE on blobs, object_deletions and gc_control for an instant (columns without a default, or with a
-- constant one, which rewrite nothing). SHARE on blobs and upload_sessions while the two partial indexes are built: blobs is
-- read once, a second or so for each few million rows. Where that is too long, make blobs_missing_idx beforehand with CREATE
-- INDEX CONCURRENTLY. The table reconcile is not read any more; it stays for workers of the release before.

ALTER TABLE blobs ADD COLUMN missing_reason text;
COMMENT ON COLUMN blobs.missing_reason IS
  'What was wrong with the object: gone, size, digest, unreadable; NULL with missing_since: a read found it gone or cut';
CREATE INDEX IF NOT EXISTS blobs_missing_idx ON blobs (id) WHERE missing_since IS NOT NULL;

CREATE TABLE reconcile_runs (
  id            integer          NOT NULL GENERATED ALWAYS AS IDENTITY,
  state         text             NOT NULL DEFAULT 'queued',
  is_dry_run    boolean          NOT NULL DEFAULT false,
  requested_by  text,
  created_at    timestamptz      NOT NULL DEFAULT now(),
  started_at    timestamptz,
  seen_at       timestamptz,
  finished_at   timestamptz,
  error         text,
  phase         text             NOT NULL DEFAULT 'objects',
  after         text COLLATE "C" NOT NULL DEFAULT '',
  objects       bigint           NOT NULL DEFAULT 0,
  bytes         bigint           NOT NULL DEFAULT 0,
  unknown       bigint           NOT NULL DEFAULT 0,
  unknown_bytes bigint           NOT NULL DEFAULT 0,
  missing       bigint           NOT NULL DEFAULT 0,
  resized       bigint           NOT NULL DEFAULT 0,
  uploads       bigint           NOT NULL DEFAULT 0,
  stray_uploads bigint           NOT NULL DEFAULT 0,
  findings      integer          NOT NULL DEFAULT 0,
  CONSTRAINT reconcile_runs_pkey PRIMARY KEY (id),
  CONSTRAINT reconcile_runs_state_check CHECK (state IN ('queued', 'running', 'done', 'failed')),
  CONSTRAINT reconcile_runs_phase_check CHECK (phase IN ('objects', 'uploads')),
  CONSTRAINT reconcile_runs_finished_at_check CHECK ((state IN ('done', 'failed')) = (finished_at IS NOT NULL))
);
COMMENT ON TABLE reconcile_runs IS 'Comparisons of the object store with the database; the oldest go';
COMMENT ON COLUMN reconcile_runs.requested_by IS 'NULL: by schedule';
COMMENT ON COLUMN reconcile_runs.after IS 'The key that it came to: a worker that takes over goes on there';
COMMENT ON COLUMN reconcile_runs.findings IS 'How many are kept below; the counts go on';

CREATE TABLE reconcile_findings (
  run_id        integer          NOT NULL,
  id            bigint           NOT NULL GENERATED ALWAYS AS IDENTITY,
  kind          text             NOT NULL,
  object_key    text COLLATE "C" NOT NULL,
  digest        text COLLATE "C",
  size          bigint,
  expected_size bigint,
  delete_at     timestamptz,
  CONSTRAINT reconcile_findings_pkey PRIMARY KEY (run_id, id),
  CONSTRAINT reconcile_findings_kind_check CHECK (kind IN ('unknown_object', 'missing', 'wrong_size', 'stray_upload')),
  CONSTRAINT reconcile_findings_run_id_fkey FOREIGN KEY (run_id) REFERENCES reconcile_runs (id) ON DELETE CASCADE
);
COMMENT ON COLUMN reconcile_findings.size IS 'In the store; NULL where nothing is there, or nobody knows';
COMMENT ON COLUMN reconcile_findings.delete_at IS 'When what nobody knows is deleted; NULL: by this run never';

CREATE TABLE scrub (
  id          integer          NOT NULL DEFAULT 1,
  mode        text             NOT NULL DEFAULT 'on',
  pace        bigint           NOT NULL DEFAULT 1048576,
  changed_by  text,
  changed_at  timestamptz      NOT NULL DEFAULT now(),
  worker      text,
  seen_at     timestamptz,
  pass_id     integer,
  after_id    bigint           NOT NULL DEFAULT 0,
  object_key  text COLLATE "C",
  "offset"    bigint           NOT NULL DEFAULT 0,
  hash_state  bytea,
  CONSTRAINT scrub_pkey PRIMARY KEY (id),
  CONSTRAINT scrub_id_check CHECK (id = 1),
  CONSTRAINT scrub_mode_check CHECK (mode IN ('on', 'off')),
  CONSTRAINT scrub_pace_check CHECK (pace > 0)
);
INSERT INTO scrub (id) VALUES (1);
COMMENT ON TABLE scrub IS 'One worker at a time hashes objects, and another one goes on where it was';
COMMENT ON COLUMN scrub.pace IS 'Bytes a second';
COMMENT ON COLUMN scrub.worker IS 'Who has it; another takes over when it gave no sign of life for a while';
COMMENT ON COLUMN scrub.pass_id IS 'The pass under way; NULL between two';
COMMENT ON COLUMN scrub.after_id IS 'Blobs up to this id are done';
COMMENT ON COLUMN scrub.object_key IS 'The object that is hashed to "offset" only';

CREATE TABLE scrub_passes (
  id           integer     NOT NULL GENERATED ALWAYS AS IDENTITY,
  requested_by text,
  started_at   timestamptz NOT NULL DEFAULT now(),
  finished_at  timestamptz,
  blobs        bigint      NOT NULL DEFAULT 0,
  bytes        bigint      NOT NULL DEFAULT 0,
  damaged      bigint      NOT NULL DEFAULT 0,
  healed       bigint      NOT NULL DEFAULT 0,
  CONSTRAINT scrub_passes_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE scrub_passes IS 'Walks over all blobs, the newest last; the oldest go';
COMMENT ON COLUMN scrub_passes.healed IS 'Counted as missing before, and whole after all';

CREATE INDEX IF NOT EXISTS upload_sessions_open_idx ON upload_sessions (created_at, id)
  WHERE state IN ('open', 'completing');

ALTER TABLE object_deletions
  ADD COLUMN tries integer NOT NULL DEFAULT 0,
  ADD COLUMN is_stray boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN object_deletions.tries IS 'Claims that were not confirmed, one under way included';
COMMENT ON COLUMN object_deletions.is_stray IS 'Reconcile found it, and no row knew it';

ALTER TABLE gc_control ADD COLUMN paced_until timestamptz;
COMMENT ON COLUMN gc_control.pace IS 'Rows a second of all workers together; NULL: as fast as it goes';
COMMENT ON COLUMN gc_control.paced_until IS 'No worker begins a batch before: each batch moves it on by what it took';
