// Pushes that meet the collection of the very same blobs, with no grace: what is answered 201 is readable afterwards, and
// nothing else is left behind. BERTH_TEST_RACES sets how many of each kind.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Document, E, encode, image, index, sha256 } from '../support/client.js';
import { openRegistry, type TestRegistry, violations } from './registry.js';

const RACES = Number(process.env.BERTH_TEST_RACES ?? 200);
const AT_ONCE = 8;
const NAME = 'acme/races';
const SOURCE = 'acme/source';

let registry: TestRegistry;

beforeAll(async () => {
  registry = await openRegistry({ connections: 20, untaggedAfter: 0 });
  await registry.idOf(NAME);
  await registry.idOf(SOURCE);
});

afterAll(async () => {
  await registry.close();
});

/** One race; answers what was pushed and the refusal, if any. */
type Race = (i: number) => Promise<{ pushed: Document; refusal: string | undefined }>;

const newLayer = () => randomBytes(64);

const RACES_BY_NAME: Record<string, Race> = {
  'PUT of a manifest': async (i) => {
    const layer = newLayer();
    await Promise.all([registry.up(NAME, E), registry.up(NAME, layer)]);
    const pushed = image([layer]);
    return { pushed, refusal: await registry.put(NAME, pushed, [`put-${i}`]) };
  },
  'HEAD, then PUT': async (i) => {
    const layer = newLayer();
    await registry.up(NAME, layer);
    const pushed = image([layer]);
    for (const blob of [E, layer]) if (!(await registry.head(NAME, sha256(blob)))) await registry.up(NAME, blob);
    return { pushed, refusal: await registry.put(NAME, pushed, [`head-${i}`]) };
  },
  'mount, then PUT': async (i) => {
    const layer = newLayer();
    await Promise.all([registry.up(SOURCE, E), registry.up(SOURCE, layer)]);
    for (const blob of [E, layer]) {
      if (!(await registry.mount(NAME, sha256(blob), SOURCE))) await registry.up(NAME, blob);
    }
    const pushed = image([layer]);
    return { pushed, refusal: await registry.put(NAME, pushed, [`mount-${i}`]) };
  },
  "PUT of an index over a child whose rule's time has come": async (i) => {
    const layer = newLayer();
    await Promise.all([registry.up(NAME, E), registry.up(NAME, layer)]);
    const child = image([layer]);
    const pushed = index([child]);
    const refusal = await registry.put(NAME, child);
    return { pushed, refusal: refusal ?? (await registry.put(NAME, pushed, [`index-${i}`])) };
  },
};

it.each(Object.entries(RACES_BY_NAME))('%s', { timeout: 3_600_000 }, async (_, race) => {
  const accepted: Document[] = [];
  let begun = 0;
  const runner = async () => {
    while (begun < RACES) {
      const { pushed, refusal } = await race(begun++);
      if (refusal === undefined) {
        accepted.push(pushed);
        expect(await registry.holesOf(NAME, pushed)).toEqual([]);
      } else expect(refusal).toBe('MANIFEST_BLOB_UNKNOWN');
    }
  };
  await registry.collectDuring(Promise.all(Array.from({ length: AT_ONCE }, runner)));
  expect(accepted.length).toBeGreaterThan(0);
  await registry.collect();
  expect(await violations(registry)).toEqual([]);
  for (const document of accepted) {
    expect(await registry.holesOf(NAME, document), sha256(encode(document))).toEqual([]);
  }
});
