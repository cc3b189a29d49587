import { algorithmOf, type Digest, fail } from '#oci';
import type { DirectUpload } from '../ports/direct-uploads.js';
import type { PackageStore } from '../ports/package-store.js';
import type { Actor, Repository } from '../repository.js';
import { assertBlobSize, type UploadLimits } from '../uploads/upload-body.js';
import { directPartSize, MAX_OBJECT_BYTES, MAX_PUT_BYTES } from './direct-parts.js';
import type { DirectStorage } from './direct-storage.js';

/** What a client says of the blob that it will bring. */
export interface DirectRequest {
  digest: Digest;
  size: number;
  /** Where the digest is another: what lets the store verify one PUT. */
  sha256: string | undefined;
  /** The client wants to send parts at the same time. */
  inParts: boolean;
}

/**
 * Opens a direct upload. One PUT where the store verifies it and the client can say its SHA-256, else parts.
 * Errors: UNSUPPORTED (404) without a store that signs, SIZE_INVALID (413).
 */
export class OpenDirectUpload {
  constructor(
    private readonly storage: DirectStorage,
    private readonly packages: PackageStore,
    private readonly limits: UploadLimits,
  ) {}

  async run(repository: Repository, actor: Actor, request: DirectRequest): Promise<DirectUpload> {
    const { signer, keeper } = this.storage.signing;
    const { digest, size } = request;
    assertBlobSize(size, Math.min(this.limits.maxBlobSize ?? MAX_OBJECT_BYTES, MAX_OBJECT_BYTES));
    const given = algorithmOf(digest) === 'sha256' ? digest.slice(digest.indexOf(':') + 1) : request.sha256;
    const isOnePut = !request.inParts && size <= MAX_PUT_BYTES && (await signer.features()).verifiesPuts;
    const sha256 = isOnePut ? given : undefined;
    const partSize = sha256 === undefined ? directPartSize(size) : undefined;
    const packageId = repository.packageId ?? (await this.packages.ensure(repository.name, actor));
    const upload = await this.storage.uploads.open(packageId, actor, { digest, size, sha256, partSize });
    if (sha256 !== undefined) return upload;
    const uploadId = await keeper.startMultipart(upload.objectKey, false);
    if (await this.storage.uploads.recordMultipart(upload, uploadId)) return { ...upload, uploadId };
    return fail('BLOB_UPLOAD_UNKNOWN', { upload: upload.sessionId });
  }
}
