-- Where the comparison of the object store with the database stands, and what it found. Only creates: it locks nothing.

CREATE TABLE reconcile (
  id          integer     NOT NULL DEFAULT 1,
  started_at  timestamptz NOT NULL DEFAULT now(),
  after       text COLLATE "C" NOT NULL DEFAULT '',
  objects     bigint      NOT NULL DEFAULT 0,
  unknown     bigint      NOT NULL DEFAULT 0,
  missing     bigint      NOT NULL DEFAULT 0,
  finished_at timestamptz,
  CONSTRAINT reconcile_pkey PRIMARY KEY (id),
  CONSTRAINT reconcile_id_check CHECK (id = 1)
);
COMMENT ON TABLE reconcile IS 'The walk that is under way, or was the last';
COMMENT ON COLUMN reconcile.after IS 'The key that it came to: a worker that takes over goes on there';
