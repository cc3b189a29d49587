import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type S3Server, startS3Server } from '#testing';
import { createDatabase } from './database.js';
import { type BerthProcess, type Program, startProcess } from './process.js';
import { startRedis, type TestRedis } from './redis.js';
import { ADMIN_TOKEN, type TestBerth } from './test-berth.js';
import { connectionsByTurns, type RequestTurns, requestsByTurns } from './turns.js';

export const RPC_SECRET = 'the-secret-of-the-services-in-these-tests';

/** The services of a split deployment, each a process. */
export type Member = 'metadata' | 'blobs' | 'worker' | 'first' | 'second';

/** metadata, blobs, worker and two gateways behind a proxy of the test's own that gives each connection to the next one. */
export interface SplitBerth extends TestBerth {
  /** `http://127.0.0.1:PORT` of a proxy that gives each request to the next gateway. */
  turnsUrl: string;
  /** What passes through that proxy. */
  turns: RequestTurns;
  /** The gateways by themselves. */
  gateways: [TestBerth, TestBerth];
  members: Record<Member, BerthProcess>;
  /** Addresses of the RPC servers. */
  rpc: { metadata: string; blobs: string; worker: string };
  redis: TestRedis | undefined;
  /** What a member is told, without what it must not know. */
  environmentOf(member: Member): NodeJS.ProcessEnv;
  /** Starts a member again, on the same address. */
  start(member: Member, settings?: Record<string, string>): Promise<void>;
}

const PROGRAMS: Record<Member, Program> = {
  metadata: 'metadata',
  blobs: 'blobs',
  worker: 'worker',
  first: 'gateway',
  second: 'gateway',
};
const MEMBERS = Object.keys(PROGRAMS) as Member[];

/** What each program alone may know; all else is for all. */
const SECRETS: Record<string, Program[]> = {
  BERTH_DATABASE_URL: ['metadata', 'worker'],
  BERTH_ADMIN_TOKEN: ['metadata'],
  AWS_ACCESS_KEY_ID: ['blobs', 'worker'],
  AWS_SECRET_ACCESS_KEY: ['blobs', 'worker'],
  BERTH_S3_BUCKET: ['blobs', 'worker'],
  BERTH_S3_ENDPOINT: ['blobs', 'worker'],
  BERTH_REDIS_URL: ['gateway', 'worker', 'metadata'],
};

export async function startSplit(settings: Record<string, string> = {}, order = MEMBERS): Promise<SplitBerth> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-split-'));
  const database = await createDatabase();
  const redis = await startRedis();
  let s3: S3Server | undefined;
  if (!settings.BERTH_S3_BUCKET) s3 = await startS3Server();
  const [metadata = 0, blobs = 0, worker = 0, first = 0, second = 0] = await differentPorts(MEMBERS.length);
  const ports: Record<Member, number> = { metadata, blobs, worker, first, second };
  const at = (member: Member) => `127.0.0.1:${ports[member]}`;
  const told: Record<string, string> = {
    BERTH_OPS_LISTEN: 'off',
    BERTH_DATA_DIR: folder,
    BERTH_DATABASE_URL: database.url,
    BERTH_ADMIN_TOKEN: ADMIN_TOKEN,
    BERTH_RATE_LIMITS: 'off',
    BERTH_RPC_SECRET: RPC_SECRET,
    BERTH_METADATA_URL: `http://${at('metadata')}`,
    BERTH_BLOBS_URL: `http://${at('blobs')}`,
    BERTH_WORKER_URL: `http://${at('worker')}`,
    BERTH_BLOB_DELIVERY: 'proxy',
    ...(redis && { BERTH_REDIS_URL: redis.url }),
    ...(s3 && {
      ...s3.credentials,
      BERTH_S3_BUCKET: await s3.createBucket(),
      BERTH_S3_ENDPOINT: s3.endpoint,
      BERTH_S3_FORCE_PATH_STYLE: 'on',
    }),
    ...settings,
  };
  const environmentOf = (member: Member): NodeJS.ProcessEnv => {
    const program = PROGRAMS[member];
    const address = program === 'gateway' ? { BERTH_LISTEN: at(member) } : { BERTH_RPC_LISTEN: at(member) };
    const may = (name: string) => SECRETS[name]?.includes(program) ?? true;
    const inherited = Object.entries(process.env).filter(([name]) => !/^(?:BERTH_|AWS_)/.test(name));
    return Object.fromEntries([...inherited, ...Object.entries({ ...told, ...address }).filter(([name]) => may(name))]);
  };
  const launch = (member: Member, more: Record<string, string> = {}, log: string[] = []) =>
    startProcess(PROGRAMS[member], { ...environmentOf(member), ...more }, log);
  const members = Object.fromEntries(order.map((member) => [member, launch(member)])) as Record<Member, BerthProcess>;
  const gatewaysUp = () => (['first', 'second'] as const).filter((name) => members[name].isRunning()).map(at);
  const places = () => (gatewaysUp().length > 0 ? gatewaysUp() : [at('first')]);
  const proxy = await connectionsByTurns(places);
  const turns = await requestsByTurns(places);

  const start = async (member: Member, more: Record<string, string> = {}) => {
    members[member] = launch(member, more, members[member].log);
    await members[member].ready;
  };
  const terminate = async () => {
    const codes: Array<number | null> = [];
    for (const names of [['first', 'second'], ['worker'], ['blobs', 'metadata']] as const) {
      codes.push(...(await Promise.all(names.map((name) => members[name].terminate()))));
    }
    return codes.find((code) => code !== 0) ?? codes[0] ?? null;
  };
  const log = () => MEMBERS.flatMap((member) => members[member].log).join('\n');
  const common = { folder, adminToken: told.BERTH_ADMIN_TOKEN ?? '', databaseUrl: told.BERTH_DATABASE_URL ?? '' };
  const restart = async (more: Record<string, string> = {}) => {
    await terminate();
    Object.assign(told, more);
    await Promise.all(MEMBERS.map((member) => start(member)));
  };
  const kill = async () => void (await Promise.all(MEMBERS.map((member) => members[member].kill())));
  const stop = async () => {
    const code = await terminate();
    await Promise.all([proxy.close(), turns.close()]);
    await Promise.all([redis?.stop(), s3?.stop()]);
    await database.drop();
    await rm(folder, { recursive: true, force: true });
    return code;
  };
  const gateway = (member: 'first' | 'second'): TestBerth => ({
    ...common,
    url: `http://${at(member)}`,
    host: at(member),
    port: ports[member],
    log: () => members[member].log.join('\n'),
    get pid() {
      return members[member].child.pid ?? 0;
    },
    kill: () => members[member].kill(),
    terminate: () => members[member].terminate(),
    restart: async (more) => {
      await members[member].terminate();
      await start(member, more);
    },
    residentBytes: () => residentBytes(members[member].child.pid),
    stop: () => members[member].terminate(),
    sql: database.sql,
  });
  const gateways: [TestBerth, TestBerth] = [gateway('first'), gateway('second')];
  try {
    await Promise.all(Object.values(members).map(({ ready }) => ready));
    await untilReady(gateways, common.adminToken);
  } catch (error) {
    await kill();
    await stop();
    throw error;
  }
  return {
    ...gateways[0],
    url: `http://127.0.0.1:${proxy.port}`,
    host: `127.0.0.1:${proxy.port}`,
    port: proxy.port,
    turnsUrl: `http://127.0.0.1:${turns.port}`,
    turns,
    get pid() {
      return members.first.child.pid ?? 0;
    },
    log,
    kill,
    terminate,
    restart,
    stop,
    gateways,
    members,
    rpc: { metadata: at('metadata'), blobs: at('blobs'), worker: at('worker') },
    redis,
    environmentOf,
    start,
  };
}

/** The gateways serve at once; until they have found the services, they answer 503. */
async function untilReady(gateways: TestBerth[], adminToken: string): Promise<void> {
  const authorization = `Basic ${Buffer.from(`admin:${adminToken}`).toString('base64')}`;
  for (const { url } of gateways) {
    for (let answer = 0; answer !== 200; ) {
      ({ status: answer } = await fetch(`${url}/token`, { headers: { authorization } }));
      if (answer !== 200) await new Promise((resolve) => setTimeout(resolve, 100));
      if (answer !== 200 && answer !== 503) throw new Error(`a gateway answered ${answer}`);
    }
  }
}

async function residentBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+([0-9]+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

async function differentPorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}
