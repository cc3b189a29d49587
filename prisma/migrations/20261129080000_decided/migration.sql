-- What a run of collection decided on so far, so that each byte counts once in it, whoever goes on with the run.
--
-- Locks: SHARE ROW EXCLUSIVE on gc_runs and manifests for an instant (the table is new and empty).

CREATE TABLE gc_decided (
  manifest_id integer NOT NULL,
  run_id integer NOT NULL,
  CONSTRAINT gc_decided_pkey PRIMARY KEY (manifest_id, run_id),
  CONSTRAINT gc_decided_manifest_id_fkey FOREIGN KEY (manifest_id) REFERENCES manifests (id) ON DELETE CASCADE,
  CONSTRAINT gc_decided_run_id_fkey FOREIGN KEY (run_id) REFERENCES gc_runs (id) ON DELETE CASCADE
);
CREATE INDEX gc_decided_run_id_idx ON gc_decided (run_id);
COMMENT ON TABLE gc_decided IS
  'Manifests that a run takes away, and what goes with them: they hold nothing any more where it counts bytes; kept while it runs';
