import type { RetainableTag } from './retention-policy.js';

/** A place in the order in which tags are judged: pushed last first, then by version and name, downwards. */
export type TagPlace = Pick<RetainableTag, 'pushedAt' | 'versionId' | 'name'>;

export const placeOf = ({ pushedAt, versionId, name }: TagPlace): TagPlace => ({ pushedAt, versionId, name });

export const comesBehind = (tag: TagPlace, place: TagPlace): boolean =>
  tag.pushedAt !== place.pushedAt
    ? tag.pushedAt < place.pushedAt
    : tag.versionId !== place.versionId
      ? tag.versionId < place.versionId
      : tag.name < place.name;

/** A place as clients carry it from page to page. */
export const writePlace = ({ pushedAt, versionId, name }: TagPlace): string => `${pushedAt}.${versionId}.${name}`;

/** Undefined for what is no place: the beginning. */
export function readPlace(text: string): TagPlace | undefined {
  const [, pushedAt, versionId, name] =
    /^([0-9]{1,15}|[1-7][0-9]{15})\.([0-9]{1,9})\.(\w[\w.-]{0,127})$/.exec(text) ?? [];
  return name === undefined ? undefined : { pushedAt: Number(pushedAt), versionId: Number(versionId), name };
}
