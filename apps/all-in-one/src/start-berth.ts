import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { AccountStore, hashToken } from '#auth';
import { applyMigrations, createPrisma } from '#database';
import { type Closing, type ServiceContext, startOps } from '#nest';
import { openQueues, QUEUES } from '#queue';
import { openStorage } from '#storage';
import { createGateway } from '../../gateway/src/http/create-gateway.js';
import { QueueErrors } from '../../worker/src/queue-errors.js';
import { readAdminToken } from './admin-token.js';
import { AllInOneModule } from './all-in-one.module.js';
import { DataDirectory } from './data-directory.js';
import { EmbeddedPostgres } from './embedded-postgres.js';

/** Connections for requests; batches of reads need few, writers hold one for a handful of statements. */
const DATABASE_CONNECTIONS = 20;
const MIGRATIONS = join(import.meta.dirname, '../../../../prisma/migrations');

/** Opens everything in the order of its dependence, serves, and says so on stdout. */
export async function startBerth({ settings, log, closing, giveUp }: ServiceContext): Promise<void> {
  const directory = DataDirectory.open(settings.BERTH_DATA_DIR);
  closing.add(() => directory.close());
  const databaseUrl = settings.BERTH_DATABASE_URL ?? (await startPostgres(directory.path, log, giveUp, closing));
  await applyMigrations(databaseUrl, MIGRATIONS);
  const database = createPrisma(databaseUrl, { poolSize: DATABASE_CONNECTIONS });
  closing.add(() => database.$disconnect());
  const storage = await openStorage(settings, log);
  closing.add(() => storage.close());
  const queues = await openQueues(settings.BERTH_REDIS_URL, databaseUrl, QUEUES.length);
  closing.add(() => queues.close());

  const app = await createGateway(AllInOneModule.for({ settings, database, storage, queues, log }), log);
  closing.add(() => app.close());
  closing.add(() => app.get(QueueErrors, { strict: false }).close());
  const admin = readAdminToken(directory.path, settings.BERTH_ADMIN_TOKEN);
  await app.get(AccountStore, { strict: false }).ensureAdministrator(hashToken(admin.token));
  const needs = [{ name: 'the database', isThere: () => database.$queryRaw`SELECT 1` }];
  const ops = await startOps(settings.BERTH_OPS_LISTEN, needs);
  closing.add(() => ops?.close());
  const { host, port } = settings.BERTH_LISTEN;
  await app.listen(port, host);
  announce(app.getHttpServer().address() as AddressInfo, admin);
}

async function startPostgres(
  directory: string,
  log: Logger,
  onExit: (reason: string) => void,
  closing: Closing,
): Promise<string> {
  const postgres = new EmbeddedPostgres(directory, { onExit, log: (line) => log.info(line) });
  closing.add(() => postgres.stop());
  return postgres.start();
}

function announce(
  address: { address: string; family: string; port: number },
  admin: ReturnType<typeof readAdminToken>,
): void {
  const isAny = address.address === '::' || address.address === '0.0.0.0';
  const host = isAny ? 'localhost' : address.family === 'IPv6' ? `[${address.address}]` : address.address;
  const where = `${host}:${address.port}`;
  process.stdout.write(`Berth is ready at http://${where}\n`);
  if (admin.isNew) process.stdout.write(`The administrator's token, shown this once: ${admin.token}\n`);
  process.stderr.write(`Log in:  docker login -u admin --password-stdin ${where} < ${admin.file}\n`);
}
