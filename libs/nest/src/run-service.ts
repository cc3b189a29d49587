import { type Logger, pino } from 'pino';
import { type Part, readSettings, type Settings, SettingsError } from '#config';
import { traceFields } from '#trace';
import { Closing } from './closing.js';

/**
 * Requests under way, uploads too, get this long after SIGTERM. A peer that is gone must not keep a process for ever, and
 * whoever sent the signal kills after a while (Kubernetes 30 s), which is worse than an end with everything else closed.
 */
const CLOSE_MS = 25_000;

export interface ServiceContext {
  settings: Settings;
  log: Logger;
  /** What was opened: closed at the end, or when starting fails. */
  closing: Closing;
  /** Ends the process at once: a part without which it cannot go on ended by itself. */
  giveUp: (reason: string) => void;
  /** Its work is done: closes what was opened, and exits with 0. */
  finish: () => void;
}

/**
 * The life of a process: reads its settings, starts it, and on SIGTERM or SIGINT closes what was opened, the last first,
 * within a bound. Exits with 0 then; with 1 where it could not start or could not close in time. `mendable` are errors
 * that the operator can mend: their message is told, and no stack.
 */
export async function runService(
  part: Part,
  start: (context: ServiceContext) => Promise<void>,
  mendable: ReadonlyArray<new (...args: never[]) => Error> = [],
): Promise<void> {
  // Who read stdout and stderr may be gone; that is no reason to stop, nor to fail while stopping.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const log = pino({ mixin: traceFields }, pino.destination(2));
  const closing = new Closing();
  const close = () => closing.run((error) => log.error({ err: error }, 'closing failed'));
  let isStopping = false;
  const finish = () => {
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => {
      log.error('closing takes too long: stopping with requests under way');
      process.exit(1);
    }, CLOSE_MS);
    void close().then(() => process.exit(0));
  };
  const stop = (signal: string) => {
    if (!isStopping) log.info({ signal }, 'finishing what is under way, then stopping');
    finish();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  try {
    const settings = readSettings(process.env, part);
    log.level = settings.BERTH_LOG_LEVEL;
    const giveUp = (reason: string) => {
      log.fatal({ reason }, 'Berth cannot go on');
      process.exit(1);
    };
    await start({ settings, log, closing, giveUp, finish });
  } catch (error) {
    if (isStopping) return;
    isStopping = true;
    await Promise.race([close(), new Promise((resolve) => setTimeout(resolve, CLOSE_MS))]);
    if ([SettingsError, ...mendable].some((type) => error instanceof type)) {
      process.stderr.write(`${(error as Error).message}\n`);
    } else log.fatal({ err: error }, 'Berth cannot start');
    process.exit(1);
  }
}
