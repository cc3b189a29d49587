import type { Page, PageRequest } from '#oci';
import { type Actor, type Damage, type MissingBlob, ScrubControl, type ScrubPass, type ScrubSettings } from '#registry';
import { recordAudit } from './audit.js';
import type { Database } from './database.js';
import { holdersOf } from './holders.js';
import { downwardsFrom, pageOfIds, upwardsFrom } from './id-pages.js';
import { trimPasses } from './scrub-passes.js';
import { inTransaction } from './transaction.js';

export class PrismaScrubControl extends ScrubControl {
  constructor(private readonly database: Database) {
    super();
  }

  override async settings(): Promise<ScrubSettings> {
    const [row] = await this.database.$queryRaw<ScrubSettings[]>`SELECT mode, pace::float8 AS pace FROM scrub`;
    return row ?? { mode: 'off', pace: 1 };
  }

  override set({ mode, pace }: ScrubSettings, operator: Actor): Promise<void> {
    return inTransaction(this.database, async (tx) => {
      await tx.$executeRaw`
        UPDATE scrub SET mode = ${mode}, pace = ${BigInt(pace)}::bigint, changed_by = ${operator.login}, changed_at = now()`;
      await recordAudit(tx, { actor: operator, action: 'scrub.control', target: mode, data: { mode, pace } });
    });
  }

  override async passes({ limit, after }: PageRequest): Promise<Page<ScrubPass>> {
    type Row = Omit<ScrubPass, 'requestedBy' | 'finishedAt'> & { requestedBy: string | null; finishedAt: Date | null };
    const rows = await this.database.$queryRaw<Row[]>`
      SELECT id, requested_by AS "requestedBy", started_at AS "startedAt", finished_at AS "finishedAt",
        blobs::float8 AS blobs, bytes::float8 AS bytes, damaged::float8 AS damaged, healed::float8 AS healed
      FROM scrub_passes WHERE id < ${downwardsFrom(after)}::bigint ORDER BY id DESC LIMIT ${limit + 1}`;
    const passes = rows.map((row) => ({
      ...row,
      requestedBy: row.requestedBy ?? undefined,
      finishedAt: row.finishedAt ?? undefined,
    }));
    return pageOfIds(passes, limit);
  }

  override start(operator: Actor): Promise<number> {
    return inTransaction(this.database, async (tx) => {
      const [scrub] = await tx.$queryRaw<Array<{ passId: number | null }>>`
        SELECT pass_id AS "passId" FROM scrub FOR UPDATE`;
      if (scrub && scrub.passId !== null) return scrub.passId;
      const [begun] = await tx.$queryRaw<Array<{ id: number }>>`
        INSERT INTO scrub_passes (requested_by) VALUES (${operator.login}) RETURNING id`;
      const id = begun?.id ?? 0;
      await trimPasses(tx);
      await tx.$executeRaw`
        UPDATE scrub SET pass_id = ${id}, after_id = 0, object_key = NULL, "offset" = 0, hash_state = NULL`;
      await recordAudit(tx, { actor: operator, action: 'scrub.pass', target: `pass ${id}` });
      return id;
    });
  }

  override async missing({ limit, after }: PageRequest): Promise<Page<MissingBlob>> {
    const rows = await this.database.$queryRaw<
      Array<Omit<MissingBlob, 'damage' | 'packages'> & { damage: Damage | null }>
    >`
      SELECT id::float8 AS id, digest, size::float8 AS size, object_key AS "objectKey", missing_since AS since,
        missing_reason AS damage
      FROM blobs WHERE missing_since IS NOT NULL AND id > ${upwardsFrom(after)}::bigint
      ORDER BY blobs.id LIMIT ${limit + 1}`;
    const { items: shown, next } = pageOfIds(rows, limit);
    const holders = await holdersOf(
      this.database,
      shown.map(({ digest }) => digest),
    );
    const items = shown.map((row) => ({
      ...row,
      damage: row.damage ?? undefined,
      packages: holders.get(row.digest) ?? [],
    }));
    return { items, next };
  }
}
