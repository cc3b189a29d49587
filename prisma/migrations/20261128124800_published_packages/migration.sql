-- The packages that somebody published first, found without walking all of their organisation's. Locks packages against writes
-- while the index is built: moments, as rows are short and there are few beside blobs and manifests.

CREATE INDEX packages_publisher_id_idx ON packages (publisher_id) WHERE publisher_id IS NOT NULL;
