-- Storage use by package and namespace, measured in batches by the worker, and what runs of collection free.
--
-- Locks: ACCESS EXCLUSIVE on gc_counts for an instant (columns without a default, which rewrite nothing).

CREATE TABLE storage_measurements (
  id            integer     NOT NULL GENERATED ALWAYS AS IDENTITY,
  phase         text        NOT NULL DEFAULT 'blobs',
  after_id      bigint      NOT NULL DEFAULT 0,
  blobs         bigint      NOT NULL DEFAULT 0,
  stored_bytes  bigint      NOT NULL DEFAULT 0,
  links         bigint      NOT NULL DEFAULT 0,
  logical_bytes bigint      NOT NULL DEFAULT 0,
  started_at    timestamptz NOT NULL DEFAULT now(),
  finished_at   timestamptz,
  CONSTRAINT storage_measurements_pkey PRIMARY KEY (id),
  CONSTRAINT storage_measurements_phase_check CHECK (phase IN ('blobs', 'manifests', 'done')),
  CONSTRAINT storage_measurements_finished_at_check CHECK ((phase = 'done') = (finished_at IS NOT NULL))
);
COMMENT ON TABLE storage_measurements IS 'One is under way at most; each batch adds its sums and moves on in one transaction';
COMMENT ON COLUMN storage_measurements.after_id IS 'The blob or manifest that the phase came to';

-- No foreign keys: the sums of a package outlive it until they are dropped.
CREATE TABLE package_storage (
  measurement_id            integer     NOT NULL,
  package_id                integer     NOT NULL,
  blobs                     bigint      NOT NULL DEFAULT 0,
  logical_bytes             bigint      NOT NULL DEFAULT 0,
  exclusive_bytes           bigint      NOT NULL DEFAULT 0,
  namespace_exclusive_bytes bigint      NOT NULL DEFAULT 0,
  versions                  bigint      NOT NULL DEFAULT 0,
  manifest_bytes            bigint      NOT NULL DEFAULT 0,
  pushed_at                 timestamptz NOT NULL,
  pulled_at                 timestamptz NOT NULL,
  CONSTRAINT package_storage_pkey PRIMARY KEY (measurement_id, package_id)
);
CREATE INDEX package_storage_measurement_id_logical_bytes_package_id_idx
  ON package_storage (measurement_id, logical_bytes, package_id);
CREATE INDEX package_storage_measurement_id_pushed_at_package_id_idx
  ON package_storage (measurement_id, pushed_at, package_id);
CREATE INDEX package_storage_measurement_id_pulled_at_package_id_idx
  ON package_storage (measurement_id, pulled_at, package_id);
COMMENT ON COLUMN package_storage.exclusive_bytes IS 'Of blobs that no other package holds';
COMMENT ON COLUMN package_storage.namespace_exclusive_bytes IS 'Of blobs that no other package of its namespace holds';
COMMENT ON COLUMN package_storage.pulled_at IS '1970: never';

CREATE TABLE namespace_storage (
  measurement_id  integer NOT NULL,
  namespace_id    integer NOT NULL,
  logical_bytes   bigint  NOT NULL DEFAULT 0,
  stored_bytes    bigint  NOT NULL DEFAULT 0,
  exclusive_bytes bigint  NOT NULL DEFAULT 0,
  CONSTRAINT namespace_storage_pkey PRIMARY KEY (measurement_id, namespace_id)
);
CREATE INDEX namespace_storage_measurement_id_stored_bytes_namespace_id_idx
  ON namespace_storage (measurement_id, stored_bytes, namespace_id);
COMMENT ON COLUMN namespace_storage.stored_bytes IS 'Of blobs that its packages hold, each once';
COMMENT ON COLUMN namespace_storage.exclusive_bytes IS 'Of those, the ones that no other namespace holds';

ALTER TABLE gc_counts ADD COLUMN exclusive_bytes bigint, ADD COLUMN shared_bytes bigint;
COMMENT ON COLUMN gc_counts.exclusive_bytes IS 'What taking these away frees; NULL for kinds of which it is not worked out';
COMMENT ON COLUMN gc_counts.shared_bytes IS 'What of theirs others use still';
