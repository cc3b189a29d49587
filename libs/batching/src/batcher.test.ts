import { beforeEach, describe, expect, it } from 'vitest';
import { Batcher } from './batcher.js';

/** A query on the wire: the test decides when and with what it ends. */
interface Query {
  keys: string[];
  answer(values?: string[]): void;
  fail(error: Error): void;
}

let queries: Query[];
let batcher: Batcher<string, string>;
beforeEach(() => {
  queries = [];
  batcher = new Batcher(
    (keys) =>
      new Promise((resolve, reject) => {
        queries.push({ keys, answer: (values = keys.map((key) => `${key}!`)) => resolve(values), fail: reject });
      }),
  );
});

/** Lets everything happen that does not wait for a query. */
const settle = async () => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
};
const keysOf = (query: Query | undefined) => query?.keys;

it('makes one query of all who ask at the same moment, and answers each with its own', async () => {
  const answers = Promise.all(['a', 'b', 'c', 'b'].map((key) => batcher.find(key)));
  await settle();
  expect(queries.map(keysOf)).toEqual([['a', 'b', 'c', 'b']]);
  queries[0]?.answer(['1', '2', '3', '4']);
  expect(await answers).toEqual(['1', '2', '3', '4']);
});

it('takes those along who ask a little later in the same turn', async () => {
  void batcher.find('a');
  await Promise.resolve();
  void batcher.find('b');
  await settle();
  expect(queries.map(keysOf)).toEqual([['a', 'b']]);
});

it('answers what is not there with undefined', async () => {
  const answer = batcher.find('a');
  await settle();
  queries[0]?.answer([]);
  expect(await answer).toBeUndefined();
});

describe('a key that comes while a query is on the wire', () => {
  it('never joins it', async () => {
    const before = batcher.find('a');
    await settle();
    const after = batcher.find('a');
    await settle();
    expect(queries.map(keysOf)).toEqual([['a'], ['a']]);
    queries[0]?.answer(['old']);
    queries[1]?.answer(['new']);
    expect([await before, await after]).toEqual(['old', 'new']);
  });

  it('waits for one of two to end, together with all who come meanwhile', async () => {
    for (const key of ['a', 'b']) {
      void batcher.find(key);
      await settle();
    }
    const waiting = ['c', 'd'].map((key) => batcher.find(key));
    await settle();
    waiting.push(batcher.find('e'));
    await settle();
    expect(queries.map(keysOf)).toEqual([['a'], ['b']]);
    queries[1]?.answer();
    await settle();
    expect(queries.map(keysOf)).toEqual([['a'], ['b'], ['c', 'd', 'e']]);
    queries[2]?.answer();
    expect(await Promise.all(waiting)).toEqual(['c!', 'd!', 'e!']);
  });
});

it('never answers with a value from before the question', async () => {
  let version = 0;
  const store = new Batcher<string, number>(async (keys) => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    const read = version; // what the query saw, somewhere between its beginning and its end
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    return keys.map(() => read);
  });
  const writer = setInterval(() => version++, 1);
  const asker = async () => {
    for (let i = 0; i < 40; i++) {
      const asked = version;
      expect(await store.find('key')).toBeGreaterThanOrEqual(asked);
    }
  };
  await Promise.all(Array.from({ length: 50 }, asker));
  clearInterval(writer);
});

it('sends at most 200 keys at once and at most two queries', async () => {
  const answers = Promise.all(Array.from({ length: 1000 }, (_, i) => batcher.find(String(i))));
  let most = 0;
  for (let ended = 0; ended < 5; ended++) {
    await settle();
    most = Math.max(most, queries.length - ended);
    expect(queries[ended]?.keys).toHaveLength(200);
    queries[ended]?.answer();
  }
  expect(await answers).toEqual(Array.from({ length: 1000 }, (_, i) => `${i}!`));
  expect(most).toBe(2);
});

describe('a query that fails', () => {
  /** Answers one query after the other until none is left: keys that begin with "bad" fail. */
  const run = async (isBad = (key: string) => key.startsWith('bad')) => {
    for (let ended = 0; ; ended++) {
      await settle();
      const query = queries[ended];
      if (!query) return;
      if (query.keys.some(isBad)) query.fail(new Error(`no ${query.keys.find(isBad)}`));
      else query.answer();
    }
  };
  const outcomes = (keys: string[]) =>
    Promise.all(keys.map((key) => batcher.find(key).catch((error: Error) => error.message)));

  it('is asked again key by key, so that a bad key fails alone', async () => {
    const all = outcomes(['a', 'bad', 'b', 'c']);
    await run();
    expect(await all).toEqual(['a!', 'no bad', 'b!', 'c!']);
    expect(queries.map(keysOf)).toEqual([['a', 'bad', 'b', 'c'], ['a'], ['bad'], ['b'], ['c']]);
  });

  it('of one key is not asked again', async () => {
    const all = outcomes(['bad']);
    await run();
    expect(await all).toEqual(['no bad']);
    expect(queries).toHaveLength(1);
  });

  it('keeps its place while it is asked again: no more than two are on the wire', async () => {
    const all = outcomes(['bad', 'a']);
    await settle();
    const other = outcomes(['b']);
    await settle();
    const third = outcomes(['c']);
    queries[0]?.fail(new Error('no'));
    await settle();
    expect(queries.map(keysOf)).toEqual([['bad', 'a'], ['b'], ['bad']]);
    queries[2]?.fail(new Error('no bad'));
    await settle();
    queries[3]?.answer();
    await settle();
    expect(queries.map(keysOf)).toEqual([['bad', 'a'], ['b'], ['bad'], ['a'], ['c']]);
    queries[1]?.answer();
    queries[4]?.answer();
    expect(await Promise.all([all, other, third])).toEqual([['no bad', 'a!'], ['b!'], ['c!']]);
  });

  it('because the database is away does not make everybody wait for one failure after the other', async () => {
    const keys = Array.from({ length: 200 }, (_, i) => `bad${i}`);
    const all = outcomes(keys);
    await run();
    expect((await all).every((outcome) => outcome.startsWith('no bad'))).toBe(true);
    expect(queries.length).toBeLessThan(10);
  });

  it('does not keep the next one from being sent', async () => {
    const failed = outcomes(['bad']);
    await run();
    await failed;
    queries.length = 0;
    const next = outcomes(['a']);
    await run();
    expect(await next).toEqual(['a!']);
  });

  it('at once, before it is a promise, counts as failed', async () => {
    const throwing = new Batcher<string, string>(() => {
      throw new Error('no connection');
    });
    await expect(throwing.find('a')).rejects.toThrow('no connection');
    await expect(throwing.find('a')).rejects.toThrow('no connection');
  });
});
