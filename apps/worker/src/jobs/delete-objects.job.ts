import { Processor, WorkerHost } from '@nestjs/bullmq';
import { OBJECT_DELETIONS } from '#queue';
import { DeleteObjects } from '#registry';

/** Deletes from storage what the database let go of. */
@Processor(OBJECT_DELETIONS)
export class DeleteObjectsJob extends WorkerHost {
  constructor(private readonly deleteObjects: DeleteObjects) {
    super();
  }

  override process(): Promise<number> {
    return this.deleteObjects.run();
  }
}
