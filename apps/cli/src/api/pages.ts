/**
 * Reads pages of a list until there are `limit` items or no more; `next` of the answer is what `--after` must be for the rest, null at
 * the end. `keyOf` says what a page begins behind; where only Berth knows, pages stay whole, and more than `limit` may come.
 */
export async function readPages<
  Name extends string,
  Answer extends { [N in Name]: unknown[] } & { next: string | null },
>(
  name: Name,
  read: (after: string | undefined) => Promise<Answer>,
  { limit, after }: { limit: number; after?: string | undefined },
  keyOf?: (item: Answer[Name][number]) => string,
): Promise<Answer> {
  let page = await read(after);
  const items: unknown[] = [...page[name]];
  while (page.next !== null && items.length < limit) {
    page = await read(page.next);
    items.push(...page[name]);
  }
  if (!keyOf || items.length <= limit) return { ...page, [name]: items };
  const kept = items.slice(0, limit);
  return { ...page, [name]: kept, next: keyOf(kept.at(-1) as Answer[Name][number]) };
}
