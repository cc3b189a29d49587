import type { Garbage } from '../ports/garbage.js';
import type { ObjectStore } from '../ports/object-store.js';

/** S3 deletes as many in one call. */
const BATCH = 1000;

/** Deletes from storage what the database let go of. Only confirmed keys leave the queue; the rest come up again. */
export class DeleteObjects {
  constructor(
    private readonly garbage: Garbage,
    private readonly objects: ObjectStore,
  ) {}

  /** Answers how many objects are gone. */
  async run(): Promise<number> {
    let deleted = 0;
    for (;;) {
      const due = await this.garbage.claimDeletions(BATCH);
      if (due.length === 0) return deleted;
      for (const { objectKey, uploadId } of due) {
        if (typeof uploadId === 'string') await this.objects.abortMultipart(objectKey, uploadId || undefined);
      }
      const gone = await this.objects.delete(due.map(({ objectKey }) => objectKey));
      await this.garbage.confirmDeletions(gone);
      deleted += gone.length;
    }
  }
}
