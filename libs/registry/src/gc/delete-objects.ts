import type { DueDeletion, Garbage } from '../ports/garbage.js';
import type { ObjectKey, OwnedObjectStore } from '../ports/object-store.js';
import { failpoint } from './failpoint.js';
import type { GcBrake } from './gc-brake.js';

/** A fifth of what S3 takes in one call: to write and read 1,000 keys keeps the process from its requests for 40 ms and more. */
const BATCH = 200;
const ABORTS_AT_ONCE = 8;

/** Deletes from storage what the database let go of. Only confirmed keys leave the queue; the rest come up again. */
export class DeleteObjects {
  constructor(
    private readonly garbage: Garbage,
    private readonly objects: OwnedObjectStore,
    private readonly brake: GcBrake,
  ) {}

  /** Answers how many objects are gone, and how many could not be deleted this time. Errors: GcStopped. */
  async run(): Promise<{ deleted: number; failed: number }> {
    const sum = { deleted: 0, failed: 0 };
    for (;;) {
      await this.brake.pass();
      const due = await this.garbage.claimDeletions(this.brake.rows(BATCH));
      if (due.length === 0) return sum;
      this.brake.owe(due.length);
      failpoint('objects-claimed');
      const ready = await this.abortUploads(due);
      const gone = await this.objects.delete(ready);
      failpoint('objects-deleted');
      await this.garbage.confirmDeletions(gone);
      failpoint('objects-confirmed');
      sum.deleted += gone.length;
      sum.failed += due.length - gone.length;
    }
  }

  /** Answers the keys under which no multipart upload is open any more; one that cannot be dropped keeps no other. */
  private async abortUploads(due: DueDeletion[]): Promise<ObjectKey[]> {
    const ready: ObjectKey[] = [];
    const rest = due.values();
    const work = async () => {
      for (const { objectKey, uploadId } of rest) {
        // An empty id: it was never learnt.
        const isAborted =
          typeof uploadId !== 'string' ||
          (await this.objects.abortMultipart(objectKey, uploadId || undefined).then(
            () => true,
            () => false,
          ));
        if (isAborted) ready.push(objectKey);
      }
    };
    await Promise.all(Array.from({ length: ABORTS_AT_ONCE }, work));
    return ready;
  }
}
