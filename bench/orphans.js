import { createHash, randomBytes } from 'node:crypto';
import pg from 'pg';

const BATCH = 1000;
const AT_ONCE = 16;

/** Blobs that no manifest uses, in packages 1 to `packages`: objects by the store itself, rows by SQL. An hour old. */
export async function addOrphans(url, objects, count, packages) {
  for (let done = 0; done < count; done += BATCH) {
    const made = Array.from({ length: Math.min(BATCH, count - done) }, () => {
      const bytes = randomBytes(256);
      return {
        bytes,
        key: randomBytes(20).toString('hex'),
        digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
      };
    });
    for (let i = 0; i < made.length; i += AT_ONCE) {
      await Promise.all(made.slice(i, i + AT_ONCE).map(({ key, bytes }) => objects.put(key, [bytes])));
    }
    await query(
      url,
      `WITH made AS (
          INSERT INTO blobs (digest, size, object_key) SELECT digest, 256, key FROM unnest($1::text[], $2::text[]) AS m(digest, key)
          RETURNING id, digest
        )
        INSERT INTO package_blobs (package_id, digest, blob_id, idle_since)
        SELECT id % $3 + 1, digest, id, now() - interval '1 hour' FROM made`,
      [made.map(({ digest }) => digest), made.map(({ key }) => key), packages],
    );
  }
}

/** One statement on a connection of its own. */
export async function query(url, text, values) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(text, values);
  } finally {
    await client.end();
  }
}
