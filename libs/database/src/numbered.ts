import type { NumberedList, NumberedPage } from '#registry';
import { Prisma } from './database.js';

/** `ORDER BY key`, from where the page begins to one row behind its end; `key` is unique in the list. */
export function pageBy(key: Prisma.Sql, { limit, offset, after }: NumberedPage): { from: Prisma.Sql; cut: Prisma.Sql } {
  return {
    from: after === undefined ? Prisma.sql`TRUE` : Prisma.sql`${key} > ${after}`,
    cut: Prisma.sql`ORDER BY ${key} LIMIT ${limit + 1} OFFSET ${after === undefined ? offset : 0}`,
  };
}

/** Ids as keys: as numbers they sort as they should. */
export function pageById(key: Prisma.Sql, page: NumberedPage): { from: Prisma.Sql; cut: Prisma.Sql } {
  const after = /^[0-9]{1,9}$/.test(page.after ?? '') ? Number(page.after) : undefined;
  const { cut } = pageBy(key, page);
  return { from: after === undefined ? Prisma.sql`TRUE` : Prisma.sql`${key} > ${after}`, cut };
}

/** Of rows that `pageBy` cut: one more than the page holds says that another follows. */
export function numbered<T>(
  rows: T[],
  { limit }: NumberedPage,
  total: number | undefined,
  keyOf: (row: T) => string,
): NumberedList<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, total: total ?? 0, next: rows.length > limit && last ? keyOf(last) : undefined };
}
