import type { RetainableTag } from './retention-policy.js';

/** A place in the order in which tags are judged: pushed last first, then by version and name, downwards. */
export type TagPlace = Pick<RetainableTag, 'pushedAt' | 'versionId' | 'name'>;

/** A place in the same order that all tags share which one version got at one moment. */
export type VersionPlace = Omit<TagPlace, 'name'>;

export const placeOf = ({ pushedAt, versionId, name }: TagPlace): TagPlace => ({ pushedAt, versionId, name });

export const comesBehind = (tag: VersionPlace, place: VersionPlace): boolean =>
  tag.pushedAt !== place.pushedAt ? tag.pushedAt < place.pushedAt : tag.versionId < place.versionId;
