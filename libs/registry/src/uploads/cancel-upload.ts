import { fail } from '#oci';
import type { SessionOwner, UploadSessions } from '../ports/upload-sessions.js';

/** DELETE of an upload (end-14). Errors: BLOB_UPLOAD_UNKNOWN. */
export class CancelUpload {
  constructor(private readonly sessions: UploadSessions) {}

  async run(owner: SessionOwner): Promise<void> {
    if (!(await this.sessions.close(owner, undefined))) fail('BLOB_UPLOAD_UNKNOWN', { upload: owner.sessionId });
  }
}
