// Two workers on a Redis that loses everything once a second, while clients push, retag and delete, a retention policy and a budget
// of build caches take away: in the end bucket, database and what the clients did agree.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type S3Server, startS3Server, whyNoS3 } from '#testing';
import {
  type Accounts,
  buildCache,
  collectGarbage,
  createAccounts,
  createToken,
  type Document,
  descriptor,
  E,
  encode,
  image,
  index,
  operator,
  sha256,
} from '../support/client.js';
import { type BerthProcess, startProcess } from '../support/process.js';
import { rest } from '../support/rest.js';
import { type SplitBerth, startSplit } from '../support/split.js';

const SECONDS = Number(process.env.BERTH_TEST_FLUSH_SECONDS ?? 15);
/** Each client has a package to itself, and so knows what is in it; the layers are everybody's. */
const CLIENTS = 4;
const LAYERS = Array.from({ length: 8 }, (_, i) => Buffer.from(`layer ${i} of all`));
const TAGS = ['a', 'b', 'c', 'd'];
/** Of tags `build-N`. */
const KEPT_BUILDS = 2;
const RETENTION = { tags: 'build-.*', keep: [{ newest: KEPT_BUILDS }] };
const missing = whyNoS3();

let s3: S3Server;
let bucket: string;
let berth: SplitBerth;
let second: BerthProcess;
let accounts: Accounts;

beforeAll(async () => {
  if (missing) return;
  s3 = await startS3Server();
  bucket = await s3.createBucket();
  berth = await startSplit({
    ...s3.credentials,
    BERTH_S3_BUCKET: bucket,
    BERTH_S3_ENDPOINT: s3.endpoint,
    BERTH_S3_FORCE_PATH_STYLE: 'on',
    BERTH_GC_GRACE: '0s',
    BERTH_UNTAGGED_AFTER: '0s',
    BERTH_RESTORE_WINDOW: '0s',
    BERTH_BUILD_CACHE_BUDGET: '1', // too little for any
  });
  second = startProcess('worker', { ...berth.environmentOf('worker'), BERTH_RPC_LISTEN: '127.0.0.1:0' });
  await second.ready;
  accounts = await createAccounts(berth);
  const owner = await createToken(berth, 'pusher', ['read:packages', 'write:packages', 'delete:packages', 'admin:org']);
  const { status } = await rest(berth, owner.token, '/orgs/acme/retention', { method: 'PUT', body: RETENTION });
  expect(status).toBe(200);
});
beforeEach(({ skip }) => {
  const why = missing ?? (berth.redis ? undefined : 'install redis-server');
  if (why && process.env.CI) throw new Error(why);
  if (why) skip(why);
});
afterAll(async () => {
  if (missing) return;
  expect(await second.terminate()).toBe(0);
  expect(await berth.stop()).toBe(0);
  await s3.stop();
});

const one = <T>(of: readonly T[]): T => of[Math.floor(Math.random() * of.length)] as T;
const someLayers = () => LAYERS.filter(() => Math.random() < 0.4);

/** A client's package: what it did, and what must be there in the end. */
class Work {
  readonly tags = new Map<string, Document>();
  /** The newest last. */
  readonly builds: Document[] = [];
  done = 0;

  constructor(private readonly name: string) {}

  async act(): Promise<void> {
    const dice = Math.random();
    if (dice < 0.4) await this.pushTo(one(TAGS), image(someLayers()));
    else if (dice < 0.5) await this.pushTo(one(TAGS), this.aboutAnother(), false);
    else if (dice < 0.65) await this.retag();
    else if (dice < 0.75) await this.remove(one([...this.tags.keys()]));
    else if (dice < 0.9) await this.build();
    else await this.push('cache', buildCache(someLayers(), { annotations: { n: String(this.done) } }));
    this.done += 1;
  }

  private async build(): Promise<void> {
    const document = image(someLayers(), { annotations: { n: String(this.done) } });
    if (await this.push(`build-${this.done}`, document)) this.builds.push(document);
  }

  /** An index over what a tag holds, so that its child must stay when that tag goes. */
  private aboutAnother(): Document {
    const images = [...this.tags.values()].filter(({ layers }) => layers);
    return images.length > 0
      ? index([one(images)], { annotations: { n: String(this.done) } })
      : image([LAYERS[0] ?? E]);
  }

  private async pushTo(tag: string, document: Document, hasOwnBlobs = true): Promise<void> {
    if (await this.push(tag, document, hasOwnBlobs)) this.tags.set(tag, document);
  }

  /** With no grace, blobs may be gone before the manifest comes: the client begins again, as docker does. */
  private async push(tag: string, document: Document, hasOwnBlobs = true): Promise<boolean> {
    const layers = LAYERS.filter((layer) => encode(document).includes(sha256(layer)));
    for (let tries = 0; tries < 20; tries++) {
      if (hasOwnBlobs || document.layers) {
        for (const blob of [E, ...layers]) await this.up(blob);
      }
      const { status } = await accounts.pusher.put(this.name, tag, document);
      if (status === 201) return true;
      expect(status).toBe(400);
    }
    return false;
  }

  /** With no grace, an upload between two requests is one that nobody is at: it, too, begins again. */
  private async up(blob: Buffer): Promise<void> {
    for (let status = 404; status !== 201; ) {
      ({ status } = await accounts.pusher.up(this.name, blob));
      expect([201, 404]).toContain(status);
    }
  }

  private async retag(): Promise<void> {
    const document = one([...this.tags.values()]);
    if (document) await this.pushTo(one(TAGS), document, document.layers !== undefined);
  }

  private async remove(tag: string | undefined): Promise<void> {
    if (tag === undefined) return;
    const answer = await accounts.pusher.v2(`/v2/${this.name}/manifests/${tag}`, { method: 'DELETE' });
    expect(answer.status).toBe(202);
    this.tags.delete(tag);
  }

  /** Digests of all manifests that must be there: the tags', the children of indexes, and of builds what the policy keeps. */
  manifests(): string[] {
    const children = (document: Document) => (document.manifests ?? []) as Array<{ digest: string }>;
    const all = [...this.tags.values(), ...this.builds.slice(-KEPT_BUILDS)].flatMap((document) => [
      sha256(encode(document)),
      ...children(document).map(({ digest }) => digest),
    ]);
    return [...new Set(all)].sort();
  }
}

async function keys(): Promise<string[]> {
  const found = await readdir(join(s3.folder, bucket), { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('.sgwtmp'))
    .map(({ name }) => name)
    .sort();
}

it('comes out as the clients left it', { timeout: 600_000 }, async () => {
  const until = Date.now() + SECONDS * 1000;
  const works = Array.from({ length: CLIENTS }, (_, i) => new Work(`acme/flush${i}`));
  let flushed = 0;
  const flushing = async () => {
    while (Date.now() < until) {
      await berth.redis?.flush();
      flushed += 1;
      await sleep(1000);
    }
  };
  const asking = async () => {
    while (Date.now() < until) {
      await operator(berth, 'POST', '/gc/runs', { grace: '0s' });
      await sleep(500);
    }
  };
  const acting = works.map(async (work) => {
    while (Date.now() < until) await work.act();
  });
  await Promise.all([...acting, flushing(), asking()]);
  expect(flushed).toBeGreaterThan(SECONDS / 3);
  for (const { done } of works) expect(done).toBeGreaterThan(0);

  // Schedules are back within seconds of the last loss, and work off every run that was asked for, and these two.
  await collectGarbage(berth);
  await collectGarbage(berth);
  await expect.poll(() => berth.sql("SELECT id, state, error FROM gc_runs WHERE state <> 'done'")).toEqual([]);
  await expect
    .poll(() => berth.sql('SELECT object_key FROM object_deletions WHERE NOT is_repeat'), { timeout: 120_000 })
    .toEqual([]);

  for (const [i, work] of works.entries()) {
    const rows = await berth.sql<{ digest: string }>(
      `SELECT digest FROM manifests JOIN package_names USING (package_id) WHERE full_name = $1 ORDER BY digest`,
      [`acme/flush${i}`],
    );
    expect(rows.map(({ digest }) => digest)).toEqual(work.manifests());
    for (const [tag, document] of work.tags) {
      const answer = await accounts.pusher.v2(`/v2/acme/flush${i}/manifests/${tag}`);
      expect([answer.status, await answer.text()]).toEqual([200, encode(document).toString('utf8')]);
      for (const { digest } of (document.layers ?? []) as Array<ReturnType<typeof descriptor>>) {
        expect((await accounts.pusher.blob(`acme/flush${i}`, digest)).status).toBe(200);
      }
    }
  }
  const wanted = await berth.sql<{ digest: string }>('SELECT DISTINCT digest FROM manifest_blobs ORDER BY digest');
  const blobs = await berth.sql<{ digest: string; key: string }>(
    'SELECT digest, object_key AS key FROM blobs ORDER BY digest',
  );
  expect(blobs.map(({ digest }) => digest)).toEqual(wanted.map(({ digest }) => digest));
  expect(await keys()).toEqual(blobs.map(({ key }) => key).sort());
  for (const log of [berth.members.worker.log, second.log]) {
    expect(log.filter((line) => line.includes('a job failed'))).toEqual([]);
  }
});

it('two workers that are told to end stop at the batch that they are at, and give back the run', async () => {
  for (const i of [1, 2]) await accounts.pusher.up('acme/flush0', Buffer.from(`of no manifest ${i}`));
  await operator(berth, 'PATCH', '/gc', { pace: 1 }); // one batch, then half a minute of waiting for the next
  const { body: run } = await operator(berth, 'POST', '/gc/runs', { grace: '0s' });
  const state = async () => (await operator(berth, 'GET', `/gc/runs/${run.id}`)).body.state;
  await expect.poll(state).toBe('running');
  expect(await Promise.all([berth.members.worker.terminate(), second.terminate()])).toEqual([0, 0]);
  expect(await state()).toBe('queued');
  await operator(berth, 'PATCH', '/gc', { pace: null });
  await berth.start('worker');
  await expect.poll(state).toBe('done');
}, 180_000);
