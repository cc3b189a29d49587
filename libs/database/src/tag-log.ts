import type { Actor } from '#registry';
import { bury, unbury } from './bury.js';
import type { Transaction } from './transaction.js';

interface TagChange {
  packageId: number;
  tag: string;
  from: string | undefined;
  to: string | undefined;
  actor: Actor;
}

/**
 * Writes one entry of a tag's history; a trigger chains it to the one before. A deleted tag leaves a tombstone, which a new
 * one of its name takes away. The caller holds the tag's row, which makes its
 * entries come one after the other.
 */
export async function logTag(tx: Transaction, { packageId, tag, from, to, actor }: TagChange): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO tag_log (package_id, name, from_digest, to_digest, actor)
    VALUES (${packageId}, ${tag}, ${from ?? null}, ${to ?? null}, ${actor.principal})`;
  if (to === undefined && from !== undefined) {
    await bury(tx, { packageId, removed: [{ reference: tag, digest: from }], by: actor.principal });
  } else if (from === undefined) await unbury(tx, packageId, tag);
}

/** The same for several tags of one package that come back with a version. */
export async function logRestoredTags(
  tx: Transaction,
  packageId: number,
  { digest, tags }: { digest: string; tags: readonly string[] },
  actor: Actor,
): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO tag_log (package_id, name, to_digest, actor)
    SELECT ${packageId}, name, ${digest}, ${actor.principal} FROM unnest(${[...tags]}::text[]) AS t(name)`;
  await unbury(tx, packageId, ...tags);
}

/** The same for several tags of one package that are deleted by one actor. */
export async function logDeletedTags(
  tx: Transaction,
  packageId: number,
  tags: ReadonlyArray<{ name: string; digest: string }>,
  actor: Actor,
): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO tag_log (package_id, name, from_digest, actor)
    SELECT ${packageId}, t.name, t.digest, ${actor.principal}
    FROM unnest(${tags.map(({ name }) => name)}::text[], ${tags.map(({ digest }) => digest)}::text[]) AS t(name, digest)`;
  const removed = tags.map(({ name, digest }) => ({ reference: name, digest }));
  await bury(tx, { packageId, removed, by: actor.principal });
}
