import { beforeEach, describe, expect, it } from 'vitest';
import { SessionWriters, untilSuperseded } from './session-writers.js';

const SUPERSEDED = { code: 'BLOB_UPLOAD_INVALID', status: 416 };
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A body that a test feeds by hand. */
function body() {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const ignore = () => undefined; // what nobody reads any more
  return {
    chunks: readable as AsyncIterable<Uint8Array>,
    send: (text: string) => void writer.write(Buffer.from(text)).catch(ignore),
    end: () => void writer.close().catch(ignore),
    fail: (error: Error) => void writer.abort(error).catch(ignore),
  };
}

describe('SessionWriters', () => {
  let writers: SessionWriters;
  let events: string[];
  beforeEach(() => {
    writers = new SessionWriters();
    events = [];
  });

  /** A request that reads a body to its end, or until it is overtaken, and then needs a moment to stop writing. */
  const request = (who: string, session: string, chunks: AsyncIterable<Uint8Array>) =>
    writers.run(session, async (signal) => {
      events.push(`${who} begins`);
      try {
        for await (const chunk of untilSuperseded(chunks, signal)) events.push(`${who} ${Buffer.from(chunk)}`);
        return who;
      } finally {
        await settle();
        events.push(`${who} ends`);
      }
    });

  it('answers what the work answers, and passes its errors on', async () => {
    expect(await writers.run('s', async () => 7)).toBe(7);
    await expect(writers.run('s', async () => Promise.reject(new Error('full')))).rejects.toThrow('full');
    expect(await writers.run('s', async () => 8)).toBe(8);
  });

  it('stops the older request of a session, and begins the newer one only after it has stopped', async () => {
    const [first, second] = [body(), body()];
    const older = request('a', 's', first.chunks);
    first.send('1');
    await settle();
    const newer = request('b', 's', second.chunks);
    second.send('2');
    second.end();
    await expect(older).rejects.toMatchObject(SUPERSEDED);
    expect(await newer).toBe('b');
    expect(events).toEqual(['a begins', 'a 1', 'a ends', 'b begins', 'b 2', 'b ends']);
  });

  it('lets only the newest of several write', async () => {
    const bodies = [body(), body(), body()];
    const requests = bodies.map(({ chunks }, i) => request(`${i}`, 's', chunks));
    for (const { send, end } of bodies) {
      send('x');
      end();
    }
    const outcomes = await Promise.allSettled(requests);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    expect(events.filter((event) => event.endsWith('x'))).toEqual(['2 x']);
    expect(events.filter((event) => /begins|ends/.test(event))).toEqual([
      ...['0 begins', '0 ends'],
      ...['1 begins', '1 ends'],
      ...['2 begins', '2 ends'],
    ]);
  });

  it('leaves other sessions alone', async () => {
    const [first, second] = [body(), body()];
    const one = request('a', 's', first.chunks);
    const other = request('b', 't', second.chunks);
    for (const { send, end } of [second, first]) {
      send('x');
      end();
    }
    expect(await Promise.all([one, other])).toEqual(['a', 'b']);
  });

  it('waits for nobody once an earlier request has ended', async () => {
    await writers.run('s', async () => undefined);
    let isAborted = true;
    await writers.run('s', async (signal) => {
      isAborted = signal.aborted;
    });
    expect(isAborted).toBe(false);
  });
});

describe('untilSuperseded', () => {
  const read = async (chunks: AsyncIterable<Uint8Array>, signal: AbortSignal) => {
    let text = '';
    for await (const chunk of untilSuperseded(chunks, signal)) text += Buffer.from(chunk);
    return text;
  };

  it('passes every chunk on', async () => {
    const { chunks, send, end } = body();
    const text = read(chunks, new AbortController().signal);
    for (const part of ['a', 'b', 'c']) send(part);
    end();
    expect(await text).toBe('abc');
  });

  it('ends while no chunk arrives', async () => {
    const abort = new AbortController();
    const text = read(body().chunks, abort.signal);
    await settle();
    abort.abort();
    await expect(text).rejects.toMatchObject(SUPERSEDED);
  });

  it('takes no chunk when it is too late already', async () => {
    const { chunks, send } = body();
    send('x');
    await expect(read(chunks, AbortSignal.abort())).rejects.toMatchObject(SUPERSEDED);
  });

  it('passes the error of a body on', async () => {
    const { chunks, fail } = body();
    const text = read(chunks, new AbortController().signal);
    fail(new Error('the client went away'));
    await expect(text).rejects.toThrow('the client went away');
  });

  it('lets go of the body, also when its reader stops early', async () => {
    for (const how of ['overtaken', 'reader fails', 'end']) {
      const abort = new AbortController();
      let isClosed = false;
      const chunks = (async function* () {
        try {
          yield Buffer.from('1');
          yield Buffer.from('2');
        } finally {
          isClosed = true;
        }
      })();
      const reading = (async () => {
        for await (const _ of untilSuperseded(chunks, abort.signal)) {
          if (how === 'overtaken') abort.abort();
          if (how === 'reader fails') throw new Error('the disk is full');
        }
      })();
      await reading.catch(() => undefined);
      await settle();
      expect(isClosed, how).toBe(true);
    }
  });
});
