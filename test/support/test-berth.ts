import type pg from 'pg';

export const ADMIN_TOKEN = 'an-administrator-token-for-tests';

/** A Berth of a test's own: the compiled program in a process, on a free port, with a database and a folder of its own. */
export interface TestBerth {
  /** `http://127.0.0.1:PORT` */
  url: string;
  /** The URL's authority. */
  host: string;
  port: number;
  /** Its folder, BERTH_DATA_DIR. */
  folder: string;
  adminToken: string;
  /** Its database, for a second process on the same one. */
  databaseUrl: string;
  /** Everything the process wrote to stderr. */
  log(): string;
  pid: number;
  /** Ends the process at once, as a crash does. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code once it has ended. */
  terminate(): Promise<number | null>;
  /** Starts it again on the same data and port, with the same settings and these; ends it in order first if it runs. */
  restart(settings?: Record<string, string>): Promise<void>;
  /** Memory that the process holds; 0 where only Linux could tell. */
  residentBytes(): Promise<number>;
  /** SIGTERM, then its folder and database go. Answers the exit code. */
  stop(): Promise<number | null>;
  /** Runs SQL in its database. */
  sql<T extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<T[]>;
}
