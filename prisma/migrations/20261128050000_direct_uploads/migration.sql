-- Uploads that clients make themselves, straight to the object store. Locks upload_sessions ACCESS EXCLUSIVE for an instant:
-- columns without a default rewrite nothing.
ALTER TABLE "upload_sessions"
  ADD COLUMN "direct_size" BIGINT,
  ADD COLUMN "direct_sha256" TEXT,
  ADD COLUMN "direct_part_size" BIGINT;
