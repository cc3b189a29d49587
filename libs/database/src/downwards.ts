import type { Page } from '#oci';

/** Lists that begin with the newest go downwards from here; what is no key begins at the top. */
export const downwardsFrom = (after: string | undefined): bigint =>
  /^[0-9]{1,18}$/.test(after ?? '') ? BigInt(after ?? '') : 2n ** 62n;

/** Of rows read downwards, one more than the page holds: that another page follows. */
export function pageDownwards<T extends { id: number }>(rows: T[], limit: number): Page<T> {
  const items = rows.slice(0, limit);
  return { items, next: rows.length > limit ? String(items.at(-1)?.id) : undefined };
}
