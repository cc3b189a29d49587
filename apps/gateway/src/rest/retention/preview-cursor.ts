import { z } from 'zod';
import type { NewestCount, PreviewPlace } from '#registry';

const id = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);
const micros = z.number().min(0).max(8e15);
const count = z.union([z.int().min(0), z.tuple([micros, id])]);

const Cursor = z.tuple([
  z.string(),
  id,
  z.tuple([micros, id, z.string().regex(/^\w[\w.-]{0,127}$/), z.array(count).max(20)]).optional(),
]);

/**
 * Where a preview goes on, as clients carry it from page to page. It holds what the rules have counted so far, so that no page is
 * judged from the first tag on. Nobody signs it: whoever makes one up sees a preview that is wrong, of tags that they may see.
 */
export function writeCursor({ fingerprint, packageId, judged }: PreviewPlace): string {
  const cursor: z.input<typeof Cursor> = [fingerprint, packageId];
  if (judged) {
    const { pushedAt, versionId, name } = judged.place;
    cursor.push([pushedAt, versionId, name, judged.counts.map(writeCount)]);
  }
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

/** Undefined for what is none: the beginning. */
export function readCursor(text: string): PreviewPlace | undefined {
  const { data } = Cursor.safeParse(parsed(text));
  if (!data) return undefined;
  const [fingerprint, packageId, judged] = data;
  if (!judged) return { fingerprint, packageId, judged };
  const [pushedAt, versionId, name, counts] = judged;
  return { fingerprint, packageId, judged: { place: { pushedAt, versionId, name }, counts: counts.map(readCount) } };
}

const writeCount = (counted: NewestCount): z.input<typeof count> =>
  typeof counted === 'number' ? counted : [counted.pushedAt, counted.versionId];

const readCount = (counted: z.output<typeof count>): NewestCount =>
  typeof counted === 'number' ? counted : { pushedAt: counted[0], versionId: counted[1] };

function parsed(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return undefined;
  }
}
