import { fail } from '#oci';
import type { DirectUpload } from '../ports/direct-uploads.js';
import type { SessionOwner } from '../ports/upload-sessions.js';
import type { DirectStorage } from './direct-storage.js';

/** A direct upload as it stands. Errors: BLOB_UPLOAD_UNKNOWN. */
export class FindDirectUpload {
  constructor(private readonly storage: DirectStorage) {}

  async run(owner: SessionOwner): Promise<DirectUpload> {
    return (await this.storage.uploads.find(owner)) ?? fail('BLOB_UPLOAD_UNKNOWN', { upload: owner.sessionId });
  }
}
