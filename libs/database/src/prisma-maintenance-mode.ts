import { Batcher } from '#batching';
import { type Actor, type Maintenance, MaintenanceMode } from '#registry';
import { recordAudit } from './audit.js';
import { type Database, Prisma } from './database.js';
import { inTransaction } from './transaction.js';

type Row = Omit<Maintenance, 'message' | 'changedBy'> & { message: string | null; changedBy: string | null };

const COLUMNS = Prisma.sql`
  is_read_only AS "isReadOnly", message, changed_by AS "changedBy", changed_at AS "changedAt"`;

export class PrismaMaintenanceMode extends MaintenanceMode {
  private readonly batcher = new Batcher((asked: null[]) => this.findFor(asked));

  constructor(private readonly database: Database) {
    super();
  }

  override find(): Promise<Maintenance> {
    return this.batcher.find(null);
  }

  override set(
    { isReadOnly, message }: Pick<Maintenance, 'isReadOnly' | 'message'>,
    actor: Actor,
  ): Promise<Maintenance> {
    return inTransaction(this.database, async (tx) => {
      const rows = await tx.$queryRaw<Row[]>`
        UPDATE maintenance SET is_read_only = ${isReadOnly}, message = ${message ?? null}, changed_by = ${actor.login},
          changed_at = now() RETURNING ${COLUMNS}`;
      const action = isReadOnly ? 'maintenance.on' : 'maintenance.off';
      await recordAudit(tx, { actor, action, target: 'maintenance mode', data: { message } });
      return stateOf(rows);
    });
  }

  /** One answer does for all who asked. */
  private async findFor(asked: null[]): Promise<Maintenance[]> {
    const state = stateOf(await this.database.$queryRaw<Row[]>`SELECT ${COLUMNS} FROM maintenance`);
    return asked.map(() => state);
  }
}

function stateOf([row]: Row[]): Maintenance {
  if (!row) throw new Error('the row of maintenance is gone');
  return { ...row, message: row.message ?? undefined, changedBy: row.changedBy ?? undefined };
}
