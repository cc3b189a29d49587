import { Prisma } from './database.js';

/** Keys of pages in the order of an instant and then of `rest`: microseconds since 1970, which no rounding changes. */
export const instantKey = (at: Prisma.Sql, rest: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`(extract(epoch FROM ${at}) * 1000000)::bigint::text || '|' || ${rest}`;

/** The place behind which a page begins; before everything where `after` is no key. `rest` matches that part of it. */
export function instantPlace(after: string | undefined, rest: RegExp): { at: Prisma.Sql; rest: string | undefined } {
  const [, micros = '0', end = ''] = /^(\d{1,16})\|(.+)$/.exec(after ?? '') ?? [];
  const isKey = rest.test(end);
  const at = Prisma.sql`'epoch'::timestamptz + ${isKey ? BigInt(micros) : 0n}::bigint * interval '1 microsecond'`;
  return { at, rest: isKey ? end : undefined };
}
