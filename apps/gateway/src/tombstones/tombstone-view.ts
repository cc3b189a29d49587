import type { TombstoneAnswer } from '#contracts';
import type { TombstoneDetails } from '#registry';
import { restTime } from '../rest/rest-time.js';
import { describeRemover } from './remover.js';

/** What was removed, as those who manage the package are told of it. */
export function tombstoneView({ reference, digest, removedBy, ...tombstone }: TombstoneDetails): TombstoneAnswer {
  const { by, rule } = describeRemover(removedBy);
  const time = (at: Date | undefined) => (at ? restTime(at) : null);
  return {
    reference,
    kind: reference.includes(':') ? 'digest' : 'tag',
    digest,
    removed_at: restTime(tombstone.removedAt),
    removed_by: by,
    rule,
    restorable_until: time(tombstone.restorableUntil),
    version_id: tombstone.versionId ?? null,
    asked: tombstone.asked,
    last_asked_at: time(tombstone.askedAt),
    last_asked_by: tombstone.askedBy ?? null,
  };
}
