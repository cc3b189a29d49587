-- Garbage collection as operators drive it: runs and what they counted, a log of what went, one row of controls.
--
-- Locks: ACCESS EXCLUSIVE on object_deletions for an instant (columns with constant defaults, which rewrite nothing).

CREATE TABLE gc_control (
  id         integer     NOT NULL DEFAULT 1,
  mode       text        NOT NULL DEFAULT 'on',
  pace       integer,
  changed_by text,
  changed_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT gc_control_pkey PRIMARY KEY (id),
  CONSTRAINT gc_control_id_check CHECK (id = 1),
  CONSTRAINT gc_control_mode_check CHECK (mode IN ('on', 'paused', 'off')),
  CONSTRAINT gc_control_pace_check CHECK (pace > 0)
);
INSERT INTO gc_control (id) VALUES (1);
COMMENT ON TABLE gc_control IS 'Read by every worker before every batch';
COMMENT ON COLUMN gc_control.mode IS 'paused: runs wait; off: runs end as failed. Nothing is collected or deleted in either';
COMMENT ON COLUMN gc_control.pace IS 'Rows a second of each worker; NULL: as fast as it goes';

CREATE TABLE gc_runs (
  id           integer     NOT NULL GENERATED ALWAYS AS IDENTITY,
  state        text        NOT NULL DEFAULT 'queued',
  is_dry_run   boolean     NOT NULL DEFAULT false,
  grace        integer,
  requested_by text        NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  started_at   timestamptz,
  seen_at      timestamptz,
  finished_at  timestamptz,
  error        text,
  CONSTRAINT gc_runs_pkey PRIMARY KEY (id),
  CONSTRAINT gc_runs_state_check CHECK (state IN ('queued', 'running', 'done', 'failed')),
  CONSTRAINT gc_runs_grace_check CHECK (grace >= 0),
  CONSTRAINT gc_runs_finished_at_check CHECK ((state IN ('done', 'failed')) = (finished_at IS NOT NULL))
);
CREATE INDEX gc_runs_unfinished_idx ON gc_runs (id) WHERE finished_at IS NULL;
COMMENT ON COLUMN gc_runs.grace IS 'Seconds, in place of BERTH_GC_GRACE';
COMMENT ON COLUMN gc_runs.seen_at IS 'Last sign of life of the worker that has it: another takes over when it is old';

CREATE TABLE gc_counts (
  run_id integer NOT NULL,
  kind   text COLLATE "C" NOT NULL,
  count  bigint  NOT NULL,
  bytes  bigint  NOT NULL,
  CONSTRAINT gc_counts_pkey PRIMARY KEY (run_id, kind),
  CONSTRAINT gc_counts_run_id_fkey FOREIGN KEY (run_id) REFERENCES gc_runs (id) ON DELETE CASCADE
);
COMMENT ON TABLE gc_counts IS 'Counted in the transactions that collect, so that a killed worker makes no difference';

CREATE TABLE gc_log (
  id         bigint           NOT NULL GENERATED ALWAYS AS IDENTITY,
  at         timestamptz      NOT NULL DEFAULT now(),
  run_id     integer,
  kind       text             NOT NULL,
  package_id integer,
  digest     text COLLATE "C",
  bytes      bigint           NOT NULL DEFAULT 0,
  reason     text             NOT NULL,
  CONSTRAINT gc_log_pkey PRIMARY KEY (id)
);
CREATE INDEX gc_log_run_id_id_idx ON gc_log (run_id, id) WHERE run_id IS NOT NULL;
COMMENT ON TABLE gc_log IS 'What was collected and why; the oldest entries go';
COMMENT ON COLUMN gc_log.run_id IS 'NULL: by schedule. No foreign key: entries outlive runs, and runs entries';

ALTER TABLE object_deletions ADD COLUMN size bigint, ADD COLUMN is_repeat boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN object_deletions.size IS 'Of a blob''s object; NULL where nobody knows';
COMMENT ON COLUMN object_deletions.is_repeat IS 'Deleted once already, and again in case of a late writer';

CREATE TABLE storage_use (
  id            integer     NOT NULL DEFAULT 1,
  measured_at   timestamptz NOT NULL DEFAULT now(),
  blobs         bigint      NOT NULL,
  stored_bytes  bigint      NOT NULL,
  links         bigint      NOT NULL,
  logical_bytes bigint      NOT NULL,
  CONSTRAINT storage_use_pkey PRIMARY KEY (id),
  CONSTRAINT storage_use_id_check CHECK (id = 1)
);
COMMENT ON TABLE storage_use IS 'Sums over all blobs and links, measured now and then in batches by the worker';
