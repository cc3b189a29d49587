import { join } from 'node:path';
import { applyMigrations } from '#database';
import { runService } from '#nest';
import { DataDirectory, DataDirectoryError } from './data-directory.js';
import { EmbeddedPostgres } from './embedded-postgres.js';

const MIGRATIONS = join(import.meta.dirname, '../../../../prisma/migrations');

/** `npm run migrate`: brings the database up to date and exits. */
await runService(
  'all-in-one',
  async ({ settings, log, closing, finish }) => {
    let url = settings.BERTH_DATABASE_URL;
    if (url === undefined) {
      const directory = DataDirectory.open(settings.BERTH_DATA_DIR);
      closing.add(() => directory.close());
      const postgres = new EmbeddedPostgres(directory.path, { log: (line) => log.info(line) });
      closing.add(() => postgres.stop());
      url = await postgres.start();
    }
    const applied = await applyMigrations(url, MIGRATIONS);
    process.stderr.write(applied.length > 0 ? `applied ${applied.join(', ')}\n` : 'the database is up to date\n');
    finish();
  },
  [DataDirectoryError],
);
