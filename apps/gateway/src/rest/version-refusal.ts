import type { TooManyDownloads, VersionRefusal } from '#registry';
import { RestRefusal } from './rest-refusal.js';

/** Why a version or package stays, in words that say what to do, and with the status for it. */
export function refusalOf(refusal: VersionRefusal | TooManyDownloads): RestRefusal {
  switch (refusal.reason) {
    case 'needed': {
      const tags = refusal.tags.length > 0 ? ` (${refusal.tags.join(', ')})` : '';
      return new RestRefusal(
        409,
        `This version is part of the index ${refusal.by}${tags}, which needs it: delete the index first.`,
      );
    }
    case 'protected':
      return new RestRefusal(
        403,
        `The rule ${JSON.stringify(refusal.rule)} protects the tag ${refusal.tag} of this version: change the rule first.`,
      );
    case 'downloads':
      return new RestRefusal(
        400,
        `Publicly visible package versions with more downloads than this registry allows cannot be deleted: this one has ${refusal.downloads}. Contact the operator.`,
      );
  }
}
