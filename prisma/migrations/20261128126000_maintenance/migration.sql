-- Maintenance: whether clients may write; and how far a run of collection is.
--
-- Locks: ACCESS EXCLUSIVE on gc_runs for an instant (a column without default, which rewrites nothing).

CREATE TABLE maintenance (
  id           integer     NOT NULL DEFAULT 1,
  is_read_only boolean     NOT NULL DEFAULT false,
  message      text,
  changed_by   text,
  changed_at   timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT maintenance_pkey PRIMARY KEY (id),
  CONSTRAINT maintenance_id_check CHECK (id = 1)
);
INSERT INTO maintenance (id) VALUES (1);
COMMENT ON TABLE maintenance IS 'Read for every request that writes';
COMMENT ON COLUMN maintenance.message IS 'What refused clients are told; NULL: that the registry is read-only now';
COMMENT ON COLUMN maintenance.changed_by IS 'Login; NULL: nobody ever changed it';

ALTER TABLE gc_runs ADD COLUMN step text COLLATE "C";
COMMENT ON COLUMN gc_runs.step IS 'The collector that the run is at, or was last; NULL: none yet';
