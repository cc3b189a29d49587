-- When a client asked for something last, so that workers leave room to those that are there.
--
-- Locks: none on any table that is there. Unlogged: a note costs no wait for the disk, and what a crash empties is noted anew.

CREATE UNLOGGED TABLE traffic (
  id       integer     NOT NULL DEFAULT 1,
  noted_at timestamptz NOT NULL,
  CONSTRAINT traffic_pkey PRIMARY KEY (id),
  CONSTRAINT traffic_id_check CHECK (id = 1)
);
COMMENT ON TABLE traffic IS 'One row, written twice a second by each process that serves clients, while it does';
