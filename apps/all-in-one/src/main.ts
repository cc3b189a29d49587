import 'reflect-metadata';
import { pino } from 'pino';
import { readSettings, SettingsError } from '#config';
import { DataDirectoryError } from './data-directory.js';
import { startBerth } from './start-berth.js';

const log = pino(pino.destination(2));

/** What the operator can mend is told in a sentence; anything else with its stack. */
function fail(error: unknown): never {
  if (error instanceof SettingsError || error instanceof DataDirectoryError) process.stderr.write(`${error.message}\n`);
  else log.fatal({ err: error }, 'Berth cannot start');
  process.exit(1);
}

try {
  const settings = readSettings(process.env);
  log.level = settings.BERTH_LOG_LEVEL;
  const berth = await startBerth(settings, log, (reason) => {
    log.fatal({ reason }, 'Berth cannot go on');
    process.exit(1);
  });
  let isStopping = false;
  const stop = (signal: string) => {
    if (isStopping) return;
    isStopping = true;
    log.info({ signal }, 'finishing what is under way, then stopping');
    void berth.stop().then(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
} catch (error) {
  fail(error);
}
