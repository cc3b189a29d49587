import type { Page } from '#oci';

const idOf = (after: string | undefined): bigint | undefined =>
  /^[0-9]{1,18}$/.test(after ?? '') ? BigInt(after ?? '') : undefined;

/** Lists that begin with the newest go downwards from here; what is no key begins at the top. */
export const downwardsFrom = (after: string | undefined): bigint => idOf(after) ?? 2n ** 62n;

/** Lists that begin with the oldest go upwards from here; what is no key begins at the bottom. */
export const upwardsFrom = (after: string | undefined): bigint => idOf(after) ?? 0n;

/** Of rows read in the order of their ids, one more than the page holds: that another page follows. */
export function pageOfIds<T extends { id: number }>(rows: T[], limit: number): Page<T> {
  const items = rows.slice(0, limit);
  return { items, next: rows.length > limit ? String(items.at(-1)?.id) : undefined };
}
