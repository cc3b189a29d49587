import { DownloadCounts, type Downloads } from '#registry';
import type { Database } from './database.js';
import { inTransaction } from './transaction.js';

export class PrismaDownloadCounts extends DownloadCounts {
  constructor(private readonly database: Database) {
    super();
  }

  /** In the order of ids, so that two flushes at once do not wait for each other in a ring. */
  override async add(downloads: readonly Downloads[]): Promise<void> {
    if (downloads.length === 0) return;
    const column = <K extends keyof Downloads>(name: K) => downloads.map((entry) => entry[name]);
    await inTransaction(
      this.database,
      (tx) => tx.$executeRaw`
        WITH counted AS (
          SELECT m.id, sum(r.count)::bigint AS count, max(r.last_at) AS last_at
          FROM unnest(${column('packageId')}::int[], ${column('digest')}::text[],
            ${downloads.map(({ tokenId }) => tokenId ?? null)}::int[], ${downloads.map(({ policyId }) => policyId ?? null)}::int[],
            ${column('count')}::int[], ${column('lastAt')}::timestamptz[])
            AS r(package_id, digest, token_id, policy_id, count, last_at)
          JOIN manifests m ON m.package_id = r.package_id AND m.digest = r.digest
          LEFT JOIN access_tokens t ON t.id = r.token_id
          LEFT JOIN trust_policies w ON w.id = r.policy_id
          WHERE coalesce(t.counts_pulls, true) AND coalesce(w.counts_pulls, true)
          GROUP BY m.id ORDER BY m.id
        ), days AS (
          INSERT INTO manifest_pulls (manifest_id, day, count) SELECT id, (now() AT TIME ZONE 'UTC')::date, count FROM counted
          ON CONFLICT (manifest_id, day) DO UPDATE SET count = manifest_pulls.count + excluded.count
        )
        INSERT INTO manifest_downloads (manifest_id, count, last_at) SELECT id, count, last_at FROM counted
        ON CONFLICT (manifest_id) DO UPDATE SET count = manifest_downloads.count + excluded.count,
          last_at = greatest(manifest_downloads.last_at, excluded.last_at)`,
    );
  }
}
