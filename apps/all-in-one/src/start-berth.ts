import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { AccountStore, hashToken } from '#auth';
import type { Settings } from '#config';
import { applyMigrations, createPrisma } from '#database';
import { openPostgresQueues } from '#queue';
import { FilesystemObjectStore, openS3Store } from '#storage';
import type { Storage } from '../../blobs/src/blobs.module.js';
import { createGateway } from '../../gateway/src/http/create-gateway.js';
import { readAdminToken } from './admin-token.js';
import { AllInOneModule } from './all-in-one.module.js';
import { Closing } from './closing.js';
import { DataDirectory } from './data-directory.js';
import { EmbeddedPostgres } from './embedded-postgres.js';
import { startOps } from './ops.js';

/** Connections for requests; batches of reads need few, writers hold one for a handful of statements. */
const DATABASE_CONNECTIONS = 20;
const WORKERS = 2;
const MIGRATIONS = join(import.meta.dirname, '../../../../prisma/migrations');

export interface Berth {
  /** Lets requests end, then closes everything. */
  stop(): Promise<void>;
}

/**
 * Opens everything in the order of its dependence, serves, and says so on stdout. Whatever was opened is closed again when
 * a later step fails. `onFault` is called when a part without which Berth cannot go on ends by itself.
 */
export async function startBerth(settings: Settings, log: Logger, onFault: (reason: string) => void): Promise<Berth> {
  const closing = new Closing();
  const stop = () => closing.run((error) => log.error({ err: error }, 'closing failed'));
  try {
    const directory = DataDirectory.open(settings.BERTH_DATA_DIR);
    closing.add(() => directory.close());
    const databaseUrl = settings.BERTH_DATABASE_URL ?? (await startPostgres(directory.path, log, onFault, closing));
    await applyMigrations(databaseUrl, MIGRATIONS);
    const database = createPrisma(databaseUrl, { poolSize: DATABASE_CONNECTIONS });
    closing.add(() => database.$disconnect());
    const storage = await openStorage(settings, directory.path, log, closing);
    const queues = await openPostgresQueues(databaseUrl, WORKERS);
    closing.add(() => queues.end());

    const app = await createGateway(AllInOneModule.for({ settings, database, storage, queues, log }), log);
    closing.add(() => app.close());
    const admin = readAdminToken(directory.path, settings.BERTH_ADMIN_TOKEN);
    await app.get(AccountStore, { strict: false }).ensureAdministrator(hashToken(admin.token));
    const ops = await startOps(settings.BERTH_OPS_LISTEN, () => database.$queryRaw`SELECT 1`);
    closing.add(() => ops?.close());
    const { host, port } = settings.BERTH_LISTEN;
    await app.listen(port, host);
    announce(app.getHttpServer().address() as AddressInfo, admin);
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The bucket that the settings name, or the data directory. */
async function openStorage(settings: Settings, directory: string, log: Logger, closing: Closing): Promise<Storage> {
  if (settings.BERTH_S3_BUCKET === undefined) {
    return { objects: await FilesystemObjectStore.open(join(directory, 'objects')) };
  }
  const { objects, signer, keeper, features, close } = await openS3Store({
    bucket: settings.BERTH_S3_BUCKET,
    endpoint: settings.BERTH_S3_ENDPOINT,
    publicEndpoint: settings.BERTH_S3_PUBLIC_ENDPOINT,
    region: settings.BERTH_S3_REGION,
    forcePathStyle: settings.BERTH_S3_FORCE_PATH_STYLE,
    encryption: settings.BERTH_S3_ENCRYPTION,
    encryptionKeyId: settings.BERTH_S3_ENCRYPTION_KEY,
  });
  closing.add(close);
  log.info({ bucket: settings.BERTH_S3_BUCKET, ...features }, 'the bucket is open; what it was seen to verify');
  return { objects, signed: { signer, keeper } };
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
