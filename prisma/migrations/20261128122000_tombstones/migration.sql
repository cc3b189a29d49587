-- What was removed from a package, when and by whom, and who still asks for it.
--
-- Only creates: its foreign key takes SHARE ROW EXCLUSIVE on packages for an instant, as the new table is empty.

CREATE TABLE tombstones (
  package_id integer          NOT NULL,
  reference  text COLLATE "C" NOT NULL,
  id         bigint           NOT NULL GENERATED ALWAYS AS IDENTITY,
  digest     text COLLATE "C" NOT NULL,
  removed_at timestamptz      NOT NULL DEFAULT now(),
  removed_by text             NOT NULL,
  asked      bigint           NOT NULL DEFAULT 0,
  asked_at   timestamptz,
  asked_by   text,
  CONSTRAINT tombstones_pkey PRIMARY KEY (package_id, reference),
  CONSTRAINT tombstones_asked_check CHECK (asked >= 0),
  CONSTRAINT tombstones_package_id_fkey FOREIGN KEY (package_id) REFERENCES packages (id) ON DELETE CASCADE
) WITH (fillfactor = 80); -- counted up while somebody asks: with room in their page no index is touched
CREATE UNIQUE INDEX tombstones_package_id_id_key ON tombstones (package_id, id);
CREATE INDEX tombstones_removed_at_idx ON tombstones (removed_at);
COMMENT ON TABLE tombstones IS 'Looked at only where nothing is found; a number of them a package, for a number of days';
COMMENT ON COLUMN tombstones.reference IS 'A tag or a digest; only digests have a colon';
COMMENT ON COLUMN tombstones.id IS 'The order of removal';
COMMENT ON COLUMN tombstones.digest IS 'What it was: the digest itself, or what the tag pointed at';
COMMENT ON COLUMN tombstones.removed_by IS 'A principal: user:ID, workflow:SOURCE:SUBJECT, rule:NAME';
COMMENT ON COLUMN tombstones.asked_by IS 'Who asked last, as refusals name them';
