import { fail } from '#oci';
import type { DirectUploads } from '../ports/direct-uploads.js';
import type { ObjectHasher } from '../ports/object-hasher.js';
import type { ObjectKeeper } from '../ports/object-keeper.js';
import type { ObjectSigner } from '../ports/object-signer.js';
import type { UploadSessions } from '../ports/upload-sessions.js';

/** What a store that signs requests offers. */
export interface SigningStore {
  signer: ObjectSigner;
  keeper: ObjectKeeper;
}

/** What direct uploads work with; the same for every request. */
export class DirectStorage {
  /** `store`: undefined where objects are files of Berth's own, which nobody else can write. */
  constructor(
    readonly uploads: DirectUploads,
    readonly sessions: UploadSessions,
    readonly hasher: ObjectHasher,
    private readonly store: SigningStore | undefined,
  ) {}

  /** Errors: UNSUPPORTED with status 404. */
  get signing(): SigningStore {
    const reason = 'this registry keeps blobs on its own disk: upload them through it, by POST to …/blobs/uploads/';
    return this.store ?? fail('UNSUPPORTED', { reason }, { status: 404 });
  }
}
