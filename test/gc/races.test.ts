// Pushes that meet the collection of the very same blobs, with no grace: what is answered 201 is readable afterwards, and
// nothing else is left behind. BERTH_TEST_RACES sets how many there are, of all kinds together.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Document, E, encode, image, index, sha256 } from '../support/client.js';
import { openRegistry, type TestRegistry, violations } from './registry.js';

const RACES = Number(process.env.BERTH_TEST_RACES ?? 800);
/** Pushes that start at one barrier, with the collection that they meet. */
const AT_ONCE = 16;
/** By so much the collection starts earlier or later, in milliseconds, after a round that it lost or won whole. */
const SHIFT_MS = 2;
const JITTER_MS = 4;
const MAX_LEAD_MS = 60;
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

/** What a push begins with: its layer is there, linked by nothing but its upload, and so is the config. */
interface Start {
  layer: Buffer;
  tag: string;
}

interface Kind {
  /** Where the blobs were uploaded to. */
  from: string;
  /** Done before the barrier. */
  prepare?: (start: Start) => Promise<void>;
  /** Answers the refusal, if any. */
  push: (start: Start) => Promise<string | undefined>;
  documentOf: (start: Start) => Document;
}

const KINDS: Record<string, Kind> = {
  'PUT of a manifest': {
    from: NAME,
    push: ({ layer, tag }) => registry.put(NAME, image([layer]), [tag]),
    documentOf: ({ layer }) => image([layer]),
  },
  'HEAD, then PUT': {
    from: NAME,
    push: async ({ layer, tag }) => {
      for (const blob of [E, layer]) if (!(await registry.head(NAME, sha256(blob)))) await registry.up(NAME, blob);
      return registry.put(NAME, image([layer]), [tag]);
    },
    documentOf: ({ layer }) => image([layer]),
  },
  'mount, then PUT': {
    from: SOURCE,
    push: async ({ layer, tag }) => {
      for (const blob of [E, layer]) {
        if (!(await registry.mount(NAME, sha256(blob), SOURCE))) await registry.up(NAME, blob);
      }
      return registry.put(NAME, image([layer]), [tag]);
    },
    documentOf: ({ layer }) => image([layer]),
  },
  "PUT of an index over a child whose rule's time has come": {
    from: NAME,
    prepare: async ({ layer }) => void (await registry.put(NAME, image([layer]))),
    push: ({ layer, tag }) => registry.put(NAME, index([image([layer])]), [tag]),
    documentOf: ({ layer }) => index([image([layer])]),
  },
};

/** What of a manifest that was taken cannot be read: itself, what it names, what its child names. */
async function unreadable(document: Document, start: Start): Promise<string[]> {
  const child = image([start.layer]);
  const holes = await registry.holesOf(NAME, document);
  if (!(await registry.has(NAME, document))) holes.push(sha256(encode(document)));
  return document.layers ? holes : [...holes, ...(await registry.holesOf(NAME, child))];
}

it.each(Object.entries(KINDS))('%s', { timeout: 3_600_000 }, async (name, kind) => {
  const races = Math.ceil(RACES / Object.keys(KINDS).length);
  const number = Object.keys(KINDS).indexOf(name);
  const accepted: Start[] = [];
  let refused = 0;
  // How long before the pushes the collection starts: shifted to where neither side always comes first.
  let lead = 0;
  for (let done = 0; done < races; done += AT_ONCE) {
    const starts = Array.from({ length: Math.min(AT_ONCE, races - done) }, (_, i) => ({
      layer: randomBytes(64),
      tag: `race-${number}-${done + i}`,
    }));
    await Promise.all([E, ...starts.map(({ layer }) => layer)].map((blob) => registry.up(kind.from, blob)));
    if (kind.prepare) await Promise.all(starts.map(kind.prepare));
    const before = refused;
    const ahead = lead + (Math.random() - 0.5) * JITTER_MS;
    const pushing = sleep(Math.max(0, ahead)).then(() =>
      Promise.all(
        starts.map(async (start) => {
          const refusal = await kind.push(start);
          if (refusal === undefined) {
            accepted.push(start);
            expect(await unreadable(kind.documentOf(start), start)).toEqual([]);
          } else {
            refused += 1;
            expect(refusal).toBe('MANIFEST_BLOB_UNKNOWN');
          }
        }),
      ),
    );
    await sleep(Math.max(0, -ahead));
    await registry.collectDuring(pushing);
    if (refused - before === starts.length) lead = Math.max(-MAX_LEAD_MS, lead - SHIFT_MS);
    else if (refused === before) lead = lead < MAX_LEAD_MS ? lead + SHIFT_MS : 0; // or never: then through all of them
  }
  console.log(`${accepted.length} pushes were taken and ${refused} refused`);
  expect(accepted.length).toBeGreaterThan(0);
  await registry.collect();
  expect(await violations(registry)).toEqual([]);
  for (const start of accepted) expect(await unreadable(kind.documentOf(start), start), start.tag).toEqual([]);
});
