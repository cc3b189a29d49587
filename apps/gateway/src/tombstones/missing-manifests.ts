import { Injectable } from '@nestjs/common';
import { ERRORS, fail, type Reference } from '#oci';
import { type Actor, type Repository, type Tombstone, Tombstones } from '#registry';
import { restTime } from '../rest/rest-time.js';
import { AskedFor } from './asked-for.js';
import { describeRemover } from './remover.js';

/** Says why a manifest is not there, to those who may read the package: the route let nobody else in. */
@Injectable()
export class MissingManifests {
  constructor(
    private readonly tombstones: Tombstones,
    private readonly asked: AskedFor,
  ) {}

  /** Errors: MANIFEST_UNKNOWN, with the tombstone in its detail where what is asked for was removed. */
  async refuse({ packageId }: Repository, reference: Reference, actor: Actor): Promise<never> {
    const tombstone = packageId === undefined ? undefined : await this.tombstones.find(packageId, reference);
    if (packageId === undefined || !tombstone) return fail('MANIFEST_UNKNOWN', reference);
    this.asked.note(packageId, reference.kind === 'tag' ? reference.tag : reference.digest, actor);
    const removed = removedOf(tombstone, actor);
    return fail('MANIFEST_UNKNOWN', { ...reference, removed }, { message: explain(removed) });
  }
}

interface Removed {
  at: string;
  /** Login of a user, or `workflow SUBJECT`; null for a rule, and for who asks without a login: people are told to people. */
  by: string | null;
  rule: string | null;
  /** What the tag pointed at, or the digest itself. */
  digest: string;
  restorableUntil: string | null;
}

function removedOf({ removedAt, removedBy, digest, restorableUntil }: Tombstone, actor: Actor): Removed {
  const { by, rule } = describeRemover(removedBy);
  return {
    at: restTime(removedAt),
    by: actor.principal === 'anonymous' ? null : by,
    rule,
    digest,
    restorableUntil: restorableUntil ? restTime(restorableUntil) : null,
  };
}

function explain({ at, by, rule, restorableUntil }: Removed): string {
  const who = rule === null ? (by ?? 'somebody') : `the rule ${rule}`;
  const how = restorableUntil === null ? '' : `, can be restored until ${restorableUntil}`;
  return `${ERRORS.MANIFEST_UNKNOWN.message}: removed by ${who} at ${at}${how}`;
}
