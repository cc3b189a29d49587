/** Reads pages of a list until there are `limit` items or no more. `next` says where to go on: null at the end. */
export async function readPages<Name extends string, T>(
  name: Name,
  read: (after: string | undefined) => Promise<{ [N in Name]: T[] } & { next: string | null }>,
  { limit, after }: { limit: number; after?: string | undefined },
  keyOf: (item: T) => string,
): Promise<{ [N in Name]: T[] } & { next: string | null }> {
  const items: T[] = [];
  let next: string | null | undefined = after;
  do {
    const page: { [N in Name]: T[] } & { next: string | null } = await read(next ?? undefined);
    items.push(...page[name]);
    next = page.next;
  } while (next !== null && items.length < limit);
  if (items.length > limit) {
    items.length = limit;
    const last = items.at(-1);
    next = last === undefined ? null : keyOf(last);
  }
  return { [name]: items, next: next ?? null } as { [N in Name]: T[] } & { next: string | null };
}
