import type { FastifyReply } from 'fastify';
import type { Digest } from '#oci';
import type { Repository, SessionOwner } from '#registry';

/** Headers and addresses that clients rely on, each written in one place. Locations are path-absolute: a port map, a tunnel
 * or a proxy in front then makes no difference. */

const blobLocation = (repository: Repository, digest: Digest): string => `/v2/${repository.name}/blobs/${digest}`;

export const manifestLocation = (repository: Repository, digest: Digest): string =>
  `/v2/${repository.name}/manifests/${digest}`;

/** Without a query string, so that clients which paste `?digest=` behind it are right too. */
const uploadLocation = (repository: Repository, owner: SessionOwner): string =>
  `/v2/${repository.name}/blobs/uploads/${owner.sessionId}`;

/** Smallest chunk that is worth a request of its own; smaller ones are taken all the same. */
const CHUNK_MIN_LENGTH = 8 * 1024 * 1024;

/** The state of an upload (end-4a, end-5, end-13). Zero bytes read as `0-0`, as every client expects. */
export function uploadState(
  reply: FastifyReply,
  repository: Repository,
  owner: SessionOwner,
  offset: number,
): FastifyReply {
  return reply
    .header('location', uploadLocation(repository, owner))
    .header('range', `0-${Math.max(0, offset - 1)}`)
    .header('docker-upload-uuid', owner.sessionId)
    .header('oci-chunk-min-length', String(CHUNK_MIN_LENGTH));
}

/** A blob that is now in the repository (end-4b, end-6, end-11). */
export function blobCreated(reply: FastifyReply, repository: Repository, digest: Digest): FastifyReply {
  return reply
    .status(201)
    .header('location', blobLocation(repository, digest))
    .header('docker-content-digest', digest)
    .header('content-length', '0');
}
