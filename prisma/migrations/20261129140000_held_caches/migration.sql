-- Build caches beyond their budget that a tag's rule or an index holds: when to look whether it still does.
--
-- Locks: ACCESS EXCLUSIVE on build_cache_packages for an instant (the default is evaluated once and rewrites nothing). The index
-- blocks writers of that table, which has one row for each package with caches, while it is built.

-- Packages that are there are looked at once: what was let go of before is found so.
ALTER TABLE build_cache_packages ADD COLUMN again_at timestamptz DEFAULT now();
ALTER TABLE build_cache_packages ALTER COLUMN again_at DROP DEFAULT;
CREATE INDEX build_cache_packages_again_idx ON build_cache_packages (package_id) WHERE again_at IS NOT NULL;
COMMENT ON COLUMN build_cache_packages.again_at IS
  'When it is looked at again, as something held caches beyond the budget: a tag''s rule, an index. NULL: when something changes';
