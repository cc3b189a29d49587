// Random pushes, deletes, retags, mounts and collections against a model: the store holds exactly what is reachable.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Document, descriptor, E, encode, image, index, sha256 } from '../support/client.js';
import { openRegistry, type TestRegistry, violations } from './registry.js';

const LAYERS = Array.from({ length: 5 }, (_, i) => Buffer.from(`layer ${i}`));
const TAGS = ['a', 'b'];
const PACKAGES = 2;

type Step =
  | { do: 'image'; to: number; layers: number[]; tags: string[]; subject: number | undefined }
  | { do: 'index'; to: number; children: number[]; tags: string[] }
  | { do: 'remove'; to: number; which: number }
  | { do: 'untag'; to: number; tag: string }
  | { do: 'mount'; to: number; layer: number }
  | { do: 'up'; to: number; layer: number }
  | { do: 'collect' };

const to = fc.integer({ min: 0, max: PACKAGES - 1 });
const which = fc.nat(7);
const tags = fc.subarray(TAGS);
const layer = fc.nat(LAYERS.length - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('image' as const),
      to,
      layers: fc.uniqueArray(layer, { minLength: 1, maxLength: 3 }),
      tags,
      subject: fc.option(which, { nil: undefined, freq: 2 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('index' as const),
      to,
      children: fc.uniqueArray(which, { minLength: 1, maxLength: 3 }),
      tags,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), to, which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('untag' as const), to, tag: fc.constantFrom(...TAGS) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('mount' as const), to, layer }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('up' as const), to, layer }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('collect' as const) }) },
);

/** What one package should hold. */
interface Model {
  manifests: Map<string, Document>;
  tags: Map<string, string>;
  /** Referrers whose subject went while an index held them, and that nobody pushed since. */
  leftOver: Set<string>;
}

const childrenOf = (document: Document) =>
  ((document.manifests ?? []) as Array<{ digest: string }>).map((c) => c.digest);
const subjectOf = (document: Document | undefined) => (document?.subject as { digest: string } | undefined)?.digest;
const blobsOf = (document: Document) =>
  document.layers
    ? [document.config, ...(document.layers as unknown[])].map((entry) => (entry as { digest: string }).digest)
    : [];
const isNamed = (model: Model, digest: string) =>
  [...model.manifests.values()].some((m) => childrenOf(m).includes(digest));

/** DELETE is final: referrers that nothing else holds go with their subject, or with the last index that held them longer. */
function remove(model: Model, digest: string): boolean {
  const document = model.manifests.get(digest);
  if (!document || isNamed(model, digest)) return false;
  model.manifests.delete(digest);
  for (const [tag, target] of model.tags) if (target === digest) model.tags.delete(tag);
  const isTagged = (manifest: string) => [...model.tags.values()].includes(manifest);
  for (const [referrer, other] of [...model.manifests]) {
    if (subjectOf(other) !== digest || isTagged(referrer)) continue;
    if (isNamed(model, referrer)) model.leftOver.add(referrer);
    else remove(model, referrer);
  }
  for (const child of childrenOf(document)) {
    const subject = subjectOf(model.manifests.get(child));
    if (model.leftOver.has(child) && subject && !model.manifests.has(subject) && !isTagged(child)) remove(model, child);
  }
  return true;
}

let registry: TestRegistry;
let round = 0;

beforeAll(async () => {
  registry = await openRegistry();
});

afterAll(async () => {
  await registry.close();
});

it('holds exactly what is reachable', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      const names = Array.from({ length: PACKAGES }, (_, i) => `acme/round${round}-${i}`);
      round += 1;
      const models: Model[] = names.map(() => ({ manifests: new Map(), tags: new Map(), leftOver: new Set() }));
      for (const one of steps) await perform(one, names, models);
      await registry.collect();
      for (const [i, name] of names.entries()) await expectLike(name, models[i] as Model);
      expect(await violations(registry)).toEqual([]);
      // The next round begins with nothing: what this one left goes with its manifests.
      for (const [i, name] of names.entries()) await clear(name, models[i] as Model);
      await registry.collect();
      expect(await registry.keys()).toEqual([]);
    }),
    // Rounds share a registry: after one that failed, a smaller one would meet what it left.
    { numRuns: Number(process.env.BERTH_TEST_MODEL_RUNS ?? 25), endOnFailure: true },
  );
});

async function perform(one: Step, names: string[], models: Model[]): Promise<void> {
  if (one.do === 'collect') return void (await registry.collect());
  const name = names[one.to] as string;
  const model = models[one.to] as Model;
  const pick = (n: number) => [...model.manifests.values()][n % Math.max(1, model.manifests.size)];
  if (one.do === 'image') {
    const layers = one.layers.map((i) => LAYERS[i] as Buffer);
    const subject = one.subject === undefined ? undefined : pick(one.subject);
    for (const blob of [E, ...layers]) await registry.up(name, blob);
    const more = subject ? { subject: descriptor(subject.mediaType, encode(subject)) } : {};
    await push(name, model, image(layers, more), one.tags);
  } else if (one.do === 'index') {
    const children = one.children.map(pick).filter((child) => child !== undefined);
    if (children.length > 0) await push(name, model, index(children), one.tags);
  } else if (one.do === 'remove') {
    const digest = sha256(encode(pick(one.which) ?? {}));
    const isRemoved = (await registry.removeManifest(name, digest)) === 'removed';
    expect(isRemoved).toBe(remove(model, digest));
    // A referrer is hidden with its subject, and goes with the next collection; a push of it in between revives it.
    await registry.collect();
  } else if (one.do === 'untag') {
    expect(await registry.removeTag(name, one.tag)).toBe(model.tags.delete(one.tag));
  } else if (one.do === 'mount') {
    await registry.mount(name, sha256(LAYERS[one.layer] as Buffer), names[1 - one.to] as string);
  } else await registry.up(name, LAYERS[one.layer] as Buffer);
}

async function push(name: string, model: Model, document: Document, tagNames: string[]): Promise<void> {
  expect(await registry.put(name, document, tagNames)).toBeUndefined();
  const digest = sha256(encode(document));
  model.manifests.set(digest, document);
  model.leftOver.delete(digest);
  for (const tag of tagNames) model.tags.set(tag, digest);
}

async function expectLike(name: string, model: Model): Promise<void> {
  const id = await registry.idOf(name);
  const digests = async (query: string) =>
    (await registry.sql<{ digest: string }>(query, [id])).map((row) => row.digest);
  expect(await digests('SELECT digest FROM manifests WHERE package_id = $1 ORDER BY digest')).toEqual(
    [...model.manifests.keys()].sort(),
  );
  expect(await digests('SELECT digest FROM package_blobs WHERE package_id = $1 ORDER BY digest')).toEqual(
    [...new Set([...model.manifests.values()].flatMap(blobsOf))].sort(),
  );
  for (const document of model.manifests.values()) expect(await registry.holesOf(name, document)).toEqual([]);
}

async function clear(name: string, model: Model): Promise<void> {
  while (model.manifests.size > 0) {
    for (const digest of [...model.manifests.keys()]) {
      if (!model.manifests.has(digest)) continue; // it went with its subject
      expect((await registry.removeManifest(name, digest)) === 'removed').toBe(remove(model, digest));
      // Referrers of referrers are hidden one after the other, by the collection of what they refer to.
      await registry.collect();
    }
  }
}
