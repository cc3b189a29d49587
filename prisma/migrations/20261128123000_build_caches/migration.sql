-- Build caches: a budget of bytes for each package, and which packages the collector should look at.
--
-- Locks: ACCESS EXCLUSIVE on packages for an instant (a nullable column, one with a constant default, a check that is not
-- validated: it holds for what is written from now on). The index blocks writers of manifests while it is built.

ALTER TABLE packages ADD COLUMN build_cache_budget bigint, ADD COLUMN keeps_build_caches boolean NOT NULL DEFAULT false,
  ADD CONSTRAINT packages_build_cache_budget_check
    CHECK (build_cache_budget IS NULL OR (build_cache_budget >= 0 AND NOT keeps_build_caches)) NOT VALID;
COMMENT ON COLUMN packages.build_cache_budget IS
  'Bytes; NULL: the instance''s budget, or none where keeps_build_caches';

CREATE INDEX manifests_build_caches_idx ON manifests (package_id, id) WHERE class = 'build_cache' AND deleted_at IS NULL;

CREATE TABLE build_cache_packages (
  package_id  integer NOT NULL,
  looked_with bigint,
  CONSTRAINT build_cache_packages_pkey PRIMARY KEY (package_id),
  CONSTRAINT build_cache_packages_package_id_fkey FOREIGN KEY (package_id) REFERENCES packages (id) ON DELETE CASCADE
);
CREATE INDEX build_cache_packages_looked_with_package_id_idx ON build_cache_packages (looked_with, package_id);
COMMENT ON TABLE build_cache_packages IS 'Packages that hold build caches';
COMMENT ON COLUMN build_cache_packages.looked_with IS
  'The instance''s budget when the collector looked last, -1 for none: another one makes it look again. NULL: a cache was pushed since';

INSERT INTO build_cache_packages (package_id)
SELECT DISTINCT package_id FROM manifests WHERE class = 'build_cache' AND deleted_at IS NULL;
