import { randomBytes } from 'node:crypto';
import { bareS3, pushDirect } from './direct.js';
import { load } from './load.js';
import { RegistryClient, sha256 } from './registry-client.js';

const WARM_UP_SECONDS = 1;
const ACCEPT = { accept: 'application/vnd.oci.image.manifest.v1+json' };

export const READS = ['manifest-by-tag', 'manifest-by-digest', 'blob-16k'];
const PUSHES = {
  'blob-push-put': (client, blob, digest) => client.putBlob(blob, digest),
  'blob-push-patch': (client, blob, digest) => client.streamBlob(blob, digest),
};

/**
 * Every case, some rounds of it, Berth and the peer taking turns, so that what disturbs the machine disturbs both.
 * @param {{ url: string, repository: string, username: string, token: string }} berth
 */
export async function measure(berth, { peer, rounds, seconds, blobBytes }, s3) {
  const targets = [new Target('Berth', berth)];
  if (peer) targets.push(new Target('peer', { url: peer, repository: berth.repository }));
  const cases = [];
  const direct = s3 && [new Target('Berth', berth), new BareTarget(bareS3(s3))];
  const add = async (name, run, among = targets) => {
    process.stderr.write(`measuring ${name}\n`);
    const results = {};
    for (let round = 0; round < rounds; round++) {
      for (const target of among) {
        results[target.name] ??= [];
        results[target.name].push(await run(target));
      }
    }
    cases.push({ name, results });
  };
  try {
    for (const target of targets) await target.prepare();
    for (const name of READS) {
      const among = targets.filter((target) => !target.redirected.has(name));
      if (among.length < targets.length) process.stderr.write(`${name}: the peer sends its readers to storage\n`);
      await add(name, (target) => target.read(name, seconds), among);
    }
    for (const [name, push] of Object.entries(PUSHES)) await add(name, (target) => target.push(push, blobBytes));
    // Beside a bare S3 client in place of the peer.
    if (direct) await add('blob-push-direct', (target) => target.push(pushDirect, blobBytes), direct);
  } finally {
    for (const target of [...targets, ...(direct ?? [])]) target.close();
  }
  return { peer, rounds, seconds, blobBytes, cases };
}

/** A registry to measure, with an image in it. */
export class Target {
  warm = new Set();
  /** The reads that it leaves to its storage by a redirect: how fast those are says nothing of it. */
  redirected = new Set();

  constructor(name, registry) {
    this.name = name;
    this.client = new RegistryClient(registry);
  }

  async prepare() {
    this.paths = await this.client.pushImage();
    const headers = { ...ACCEPT, ...(await this.client.authorization()) };
    for (const [name, path] of Object.entries(this.paths)) {
      const answer = await fetch(this.client.registry.url + path, { headers, redirect: 'manual' });
      await answer.body?.cancel();
      if (answer.status === 307) this.redirected.add(name);
    }
  }

  /** Requests per second and latencies of one path; the first time it is warmed up before. */
  async read(name, seconds) {
    const url = this.client.registry.url + this.paths[name];
    const headers = { ...ACCEPT, ...(await this.client.authorization()) };
    if (!this.warm.has(name)) await load(url, headers, WARM_UP_SECONDS);
    this.warm.add(name);
    return load(url, headers, seconds);
  }

  /** Seconds for a blob that nobody has seen before; making and hashing it is not part of them. */
  async push(push, blobBytes) {
    const blob = randomBytes(blobBytes);
    const digest = sha256(blob);
    const began = performance.now();
    await push(this.client, blob, digest);
    return { duration: (performance.now() - began) / 1000 };
  }

  close() {
    this.client.close();
  }
}

/** What a direct upload is measured beside: an S3 client that puts the same bytes, whatever push it is asked for. */
class BareTarget {
  name = 'peer';

  constructor(put) {
    this.put = put;
  }

  async push(_, blobBytes) {
    const blob = randomBytes(blobBytes);
    const digest = sha256(blob);
    const began = performance.now();
    await this.put(blob, digest);
    return { duration: (performance.now() - began) / 1000 };
  }

  close() {}
}
