-- Organisations among all namespaces, most of which are users', for lists of them.
--
-- Locks: SHARE on namespaces while the index is built: a second for a million of them.

CREATE INDEX namespaces_path_idx ON namespaces (path) WHERE kind = 'organisation';
