import type pg from 'pg';
import type { Prisma } from './generated/client.js';

/**
 * What every request asks: statements that look up a batch of keys, each by an index, of a text that never varies. A connection
 * plans each of them once, and there are connections that do nothing else, so that no look-up waits behind writers.
 *
 * They go to PostgreSQL without Prisma between, which would take two thirds of the time and of the memory that one takes (ADR 49).
 */
export class LookUps {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Answers the rows. `name` is this statement's own. Columns are what pg makes of them: bigint and numeric would be strings, so
   * a statement casts them.
   */
  async find<Row>(name: string, { text, values }: Prisma.Sql): Promise<Row[]> {
    const { rows } = await this.pool.query({ name, text, values });
    return rows as Row[];
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}
