import 'reflect-metadata';
import { pino } from 'pino';
import { readSettings, SettingsError } from '#config';
import { DataDirectoryError } from './data-directory.js';
import { startBerth } from './start-berth.js';

const log = pino({ level: process.env.BERTH_LOG_LEVEL || 'info' }, pino.destination(2));

/** What the operator can mend is told in a sentence; anything else with its stack. */
function fail(error: unknown): never {
  if (error instanceof SettingsError || error instanceof DataDirectoryError) process.stderr.write(`${error.message}\n`);
  else log.fatal({ err: error }, 'Berth cannot start');
  process.exit(1);
}

try {
  const berth = await startBerth(readSettings(process.env), log, (reason) => {
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
