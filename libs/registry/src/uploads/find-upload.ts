import { fail } from '#oci';
import type { SessionOwner, UploadSessions } from '../ports/upload-sessions.js';

/** GET of an upload (end-13): how many bytes are durable. Errors: BLOB_UPLOAD_UNKNOWN. */
export class FindUpload {
  constructor(private readonly sessions: UploadSessions) {}

  async run(owner: SessionOwner): Promise<{ offset: number }> {
    return (await this.sessions.find(owner)) ?? fail('BLOB_UPLOAD_UNKNOWN', { upload: owner.sessionId });
  }
}
