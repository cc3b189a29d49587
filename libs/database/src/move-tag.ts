import type { Actor } from '#registry';
import { recordEvent } from './audit.js';
import { logTag } from './tag-log.js';
import type { TagRules } from './tag-rules.js';
import type { Transaction } from './transaction.js';

interface TagMove {
  packageId: number;
  tag: string;
  manifestId: number;
  digest: string;
  actor: Actor;
  rules: TagRules;
}

/**
 * Points a tag at a live manifest; the caller has passed the package's gate (data-model.md, "Tag PUT"). Answers the manifest
 * that it pointed at before, which the caller marks for review. Errors: DENIED where a rule for tags forbids it.
 */
export async function moveTag(tx: Transaction, move: TagMove): Promise<number | undefined> {
  const { packageId, tag, manifestId, digest, actor, rules } = move;
  const before = (await lockTag(tx, packageId, tag)) ?? (await insertTag(tx, move));
  await rules.assert({ tag, from: before === 'inserted' ? undefined : before.digest, to: digest });
  if (before === 'inserted') {
    await logTag(tx, { packageId, tag, from: undefined, to: digest, actor });
  } else {
    await tx.$executeRaw`
      UPDATE tags SET manifest_id = ${manifestId}, pushed_at = now() WHERE package_id = ${packageId} AND name = ${tag}`;
    if (before.manifestId === manifestId) return undefined;
    await logTag(tx, { packageId, tag, from: before.digest, to: digest, actor });
  }
  await recordEvent(tx, { kind: 'tag.move', packageId, actor, data: { tag, digest } });
  return before === 'inserted' ? undefined : before.manifestId;
}

interface TagRow {
  manifestId: number;
  digest: string;
}

async function lockTag(tx: Transaction, packageId: number, tag: string): Promise<TagRow | undefined> {
  const rows = await tx.$queryRaw<TagRow[]>`
    SELECT t.manifest_id AS "manifestId", m.digest FROM tags t JOIN manifests m ON m.id = t.manifest_id
    WHERE t.package_id = ${packageId} AND t.name = ${tag} FOR UPDATE OF t`;
  return rows[0];
}

async function insertTag(tx: Transaction, { packageId, tag, manifestId }: TagMove): Promise<TagRow | 'inserted'> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const inserted = await tx.$executeRaw`
      INSERT INTO tags (package_id, name, manifest_id) VALUES (${packageId}, ${tag}, ${manifestId}) ON CONFLICT DO NOTHING`;
    if (inserted > 0) return 'inserted';
    const found = await lockTag(tx, packageId, tag); // somebody was first
    if (found) return found;
  }
  throw new Error('a tag came and went five times during one push');
}
