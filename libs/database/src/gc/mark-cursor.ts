import type { DueRows } from '#registry';

/** A place in the order of a partial index over marks: the mark as PostgreSQL writes it, then the row's key. */
export interface Marked {
  at: string;
}

const START = '-infinity';

/** The place to go on after; before everything for none. */
export function placeAfter(after: string | undefined): { at: string; key: string[] } {
  const [at = START, ...key] = (after ?? START).split('|');
  return { at, key };
}

/** One page of due rows; a short one is the last. */
export function duePage<R extends Marked, T>(
  rows: R[],
  limit: number,
  key: (row: R) => Array<string | number | bigint>,
  value: (row: R) => T,
): DueRows<T> {
  const last = rows.length === limit ? rows.at(-1) : undefined;
  return { rows: rows.map(value), next: last && [last.at, ...key(last)].join('|') };
}
