import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type ListedUpload,
  type ObjectKey,
  ObjectMissingError,
  type OwnedObjectStore,
  type StoredPart,
  type UploadPage,
} from '#registry';

const PART = 5 * 1024 * 1024; // the least that S3 takes for a part which is not the last

const newKey = (): ObjectKey => randomBytes(20).toString('hex');
const read = async (store: OwnedObjectStore, key: ObjectKey, range?: { start: number; end: number }) =>
  buffer(await store.read(key, range));

/**
 * What every adapter of `OwnedObjectStore` promises. A new adapter's test is a call of this with a way to open it.
 * `missing`: why it cannot be opened on this machine; the tests are then skipped, or fail where CI is set.
 */
export function describeObjectStore(open: () => Promise<OwnedObjectStore>, missing?: string): void {
  describe('ObjectStore', () => {
    let store: OwnedObjectStore;
    beforeAll(async () => {
      if (!missing) store = await open();
    });
    beforeEach(({ skip }) => {
      if (missing && process.env.CI) throw new Error(missing);
      if (missing) skip(missing);
    });

    it('gives back what was put, whole and in ranges', async () => {
      const key = newKey();
      const bytes = randomBytes(100_000);
      await store.put(key, [bytes.subarray(0, 1), bytes.subarray(1, 70_000), new Uint8Array(), bytes.subarray(70_000)]);
      expect(await read(store, key)).toEqual(bytes);
      expect(await store.size(key)).toBe(bytes.length);
      expect(await read(store, key, { start: 5, end: 9 })).toEqual(bytes.subarray(5, 10));
      expect(await read(store, key, { start: 99_999, end: 99_999 })).toEqual(bytes.subarray(99_999));
    });

    it('keeps an object of no bytes', async () => {
      const key = newKey();
      await store.put(key, []);
      expect(await store.size(key)).toBe(0);
      expect(await read(store, key)).toHaveLength(0);
    });

    it('puts an object of a thousand chunks', async () => {
      const key = newKey();
      const chunks = Array.from({ length: 1500 }, () => randomBytes(100));
      await store.put(key, chunks);
      expect(await read(store, key)).toEqual(Buffer.concat(chunks));
    });

    it('tells an absent object by its own error, before the first byte', async () => {
      const key = newKey();
      expect(await store.size(key)).toBeUndefined();
      await expect(store.read(key)).rejects.toThrow(ObjectMissingError);
    });

    it('joins parts in order, whatever order they came in', async () => {
      const key = newKey();
      const bytes = randomBytes(2 * PART + 77);
      const uploadId = await store.startMultipart(key);
      const write = (number: number, start: number, end: number): Promise<StoredPart> =>
        store.writePart(key, uploadId, { number, offset: start }, [bytes.subarray(start, end)]);
      const [third, first, second] = await Promise.all([
        write(3, 2 * PART, bytes.length),
        write(1, 0, PART),
        write(2, PART, 2 * PART),
      ]);
      expect(await store.size(key)).toBeUndefined();
      await store.completeMultipart(key, uploadId, [first, second, third]);
      expect((await read(store, key)).equals(bytes)).toBe(true);
    });

    it('takes the later of two writes of one part, and leaves out what is not named at the end', async () => {
      const key = newKey();
      const uploadId = await store.startMultipart(key);
      await store.writePart(key, uploadId, { number: 1, offset: 0 }, [Buffer.alloc(PART, 'a')]);
      const first = await store.writePart(key, uploadId, { number: 1, offset: 0 }, [Buffer.alloc(PART, 'b')]);
      await store.writePart(key, uploadId, { number: 2, offset: PART }, [Buffer.alloc(PART, 'c')]);
      await store.completeMultipart(key, uploadId, [first]);
      expect((await read(store, key)).equals(Buffer.alloc(PART, 'b'))).toBe(true);
    });

    it('completes again what is complete', async () => {
      const key = newKey();
      const uploadId = await store.startMultipart(key);
      const part = await store.writePart(key, uploadId, { number: 1, offset: 0 }, [Buffer.from('once')]);
      await store.completeMultipart(key, uploadId, [part]);
      await store.completeMultipart(key, uploadId, [part]);
      expect((await read(store, key)).toString()).toBe('once');
    });

    it('drops an upload, and drops it again', async () => {
      const key = newKey();
      const uploadId = await store.startMultipart(key);
      const part = await store.writePart(key, uploadId, { number: 1, offset: 0 }, [Buffer.from('never')]);
      await store.abortMultipart(key, uploadId);
      await store.abortMultipart(key, uploadId);
      await expect(store.completeMultipart(key, uploadId, [part])).rejects.toThrow();
      expect(await store.size(key)).toBeUndefined();
    });

    it('drops whatever upload is open under a key when nobody knows its id', async () => {
      const [key, other] = [newKey(), newKey()];
      const uploads = await Promise.all([key, key, other].map((k) => store.startMultipart(k)));
      const parts: StoredPart[] = [];
      for (const [i, k] of [key, key, other].entries()) {
        parts.push(await store.writePart(k, uploads[i] ?? '', { number: 1, offset: 0 }, [Buffer.from('bytes')]));
      }
      await store.abortMultipart(key, undefined);
      await store.abortMultipart(key, undefined);
      for (const i of [0, 1]) {
        await expect(store.completeMultipart(key, uploads[i] ?? '', parts.slice(i, i + 1))).rejects.toThrow();
      }
      await store.completeMultipart(other, uploads[2] ?? '', parts.slice(2));
      expect(await store.size(other)).toBe(5);
    });

    it('lists what is there by pages, in the order of keys', async () => {
      const keys = Array.from({ length: 7 }, newKey).sort();
      for (const [i, key] of keys.entries()) await store.put(key, [Buffer.alloc(i)]);
      const listed: Array<{ key: string; size: number }> = [];
      for (let after = ''; ; ) {
        const page = await store.list(after, 3);
        listed.push(...page);
        if (page.length < 3) break;
        after = page.at(-1)?.key ?? '';
      }
      expect(listed.map(({ key }) => key)).toEqual(listed.map(({ key }) => key).sort());
      expect(listed.filter(({ key }) => keys.includes(key))).toEqual(keys.map((key, size) => ({ key, size })));
    });

    it('lists open multipart uploads by pages, in the order of keys, until they are complete or dropped', async () => {
      const opened = new Map<string, string>();
      for (const key of Array.from({ length: 5 }, newKey)) opened.set(key, await store.startMultipart(key));
      const [first = '', second = '', third = ''] = opened.keys();
      const again = await store.startMultipart(third); // two under one key
      for (const [key, uploadId] of opened) {
        await store.writePart(key, uploadId, { number: 1, offset: 0 }, [Buffer.from('bytes')]);
      }
      const own = async (): Promise<ListedUpload[]> => {
        const listed: ListedUpload[] = [];
        for (let after: ObjectKey | undefined = ''; after !== undefined; ) {
          const page: UploadPage = await store.listUploads(after, 2);
          listed.push(...page.uploads);
          after = page.next;
        }
        expect(listed.map(({ key }) => key)).toEqual(listed.map(({ key }) => key).sort());
        return listed.filter(({ key }) => opened.has(key));
      };
      const all = await own();
      expect(all.map(({ uploadId }) => uploadId).sort()).toEqual([...opened.values(), again].sort());
      for (const { startedAt } of all) expect(Math.abs(startedAt.getTime() - Date.now())).toBeLessThan(3_600_000);
      await store.abortMultipart(first, opened.get(first));
      await store.abortMultipart(third, again);
      const part = await store.writePart(second, opened.get(second) ?? '', { number: 1, offset: 0 }, [
        Buffer.from('b'),
      ]);
      await store.completeMultipart(second, opened.get(second) ?? '', [part]);
      const left = new Map([...opened].filter(([key]) => key !== first && key !== second));
      expect((await own()).map(({ uploadId }) => uploadId).sort()).toEqual([...left.values()].sort());
      for (const [key, uploadId] of left) await store.abortMultipart(key, uploadId);
    });

    it('deletes objects and counts absent ones as gone', async () => {
      const [kept, gone, absent] = [newKey(), newKey(), newKey()];
      await store.put(kept, [Buffer.from('kept')]);
      await store.put(gone, [Buffer.from('gone')]);
      expect(new Set(await store.delete([gone, absent]))).toEqual(new Set([gone, absent]));
      expect(await store.size(gone)).toBeUndefined();
      expect(await store.size(kept)).toBe(4);
    });
  });
}
