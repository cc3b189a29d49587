import type { DirectUpload } from '../ports/direct-uploads.js';
import type { SignedRequest } from '../ports/object-signer.js';
import { type DirectPart, directParts } from './direct-parts.js';
import type { DirectStorage } from './direct-storage.js';

/** Signs the requests by which a client brings its bytes, from a part on; signed ones may be had again at any time. */
export class SignDirectUpload {
  constructor(private readonly storage: DirectStorage) {}

  run(upload: DirectUpload, from: number, limit: number): Promise<Array<DirectPart & SignedRequest>> {
    const { signer } = this.storage.signing;
    const { objectKey, uploadId = '', size, sha256 } = upload;
    const signing = directParts(upload, from, limit).map(async (part) => ({
      ...part,
      ...(sha256 === undefined
        ? await signer.signPart(objectKey, uploadId, { ...part, crc32: undefined }, 'client')
        : await signer.signPut(objectKey, { size, sha256 }, 'client')),
    }));
    return Promise.all(signing);
  }
}
