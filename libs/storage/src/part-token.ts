import type { StoredPart } from '#registry';

/**
 * What is kept of a part until its upload is completed: the store's ETag, and the CRC-32 that whoever wrote it computed,
 * so that the whole object's can be given at the end. Parts that clients wrote have only the ETag.
 */
export interface PartToken {
  etag: string;
  crc32: number | undefined;
}

export const writePartToken = ({ etag, crc32 }: PartToken): string =>
  crc32 === undefined ? etag : `${etag}#${crc32.toString(16).padStart(8, '0')}`;

export function readPartToken({ etag: token }: StoredPart): PartToken {
  const mark = /#([0-9a-f]{8})$/.exec(token);
  return mark?.[1]
    ? { etag: token.slice(0, mark.index), crc32: Number.parseInt(mark[1], 16) }
    : { etag: token, crc32: undefined };
}
