import { Processor, WorkerHost } from '@nestjs/bullmq';
import { OBJECT_DELETIONS } from '#queue';
import { DeleteObjects } from '#registry';
import { unlessStopped } from './by-schedule.js';

/** Deletes from storage what the database let go of. */
@Processor(OBJECT_DELETIONS)
export class DeleteObjectsJob extends WorkerHost {
  constructor(private readonly deleteObjects: DeleteObjects) {
    super();
  }

  /** Errors: when objects could not be deleted, so that it is seen; they come up again a minute later. */
  override async process(): Promise<number> {
    const { deleted, failed } = (await unlessStopped(this.deleteObjects.run())) ?? { deleted: 0, failed: 0 };
    if (failed > 0) throw new Error(`${failed} objects could not be deleted from storage, ${deleted} could`);
    return deleted;
  }
}
