import { Traffic } from '#registry';
import type { Database } from './database.js';

/** Each process notes as often, however many ask. */
const NOTE_EVERY_MS = 500;

export class PrismaTraffic extends Traffic {
  private notedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly database: Database) {
    super();
  }

  override note(): void {
    const now = performance.now();
    if (now - this.notedAt < NOTE_EVERY_MS) return;
    this.notedAt = now;
    // Where it fails, collection does not know of one client for a moment.
    void this.database.$executeRaw`
      INSERT INTO traffic (id, noted_at) VALUES (1, now()) ON CONFLICT (id) DO UPDATE SET noted_at = now()`.catch(
      () => undefined,
    );
  }

  override async isThere(): Promise<boolean> {
    const noted = await this.database.$queryRaw<unknown[]>`
      SELECT id FROM traffic WHERE noted_at > now() - interval '1 second'`;
    return noted.length > 0;
  }
}
