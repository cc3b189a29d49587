import { Controller, Get } from '@nestjs/common';
import { StorageAnswer } from '#contracts';
import { GcRuns } from '#registry';
import { Described } from '../http/described.js';
import { OperatorsOnly } from './operator.guard.js';

/** How much the registry stores. */
@Controller('admin/v1/storage')
export class StorageController {
  constructor(private readonly runs: GcRuns) {}

  @Get()
  @OperatorsOnly()
  @Described({
    summary: 'How much is stored: as packages see it, once each, and waiting to be deleted',
    answer: { status: 200, schema: StorageAnswer },
  })
  async show(): Promise<StorageAnswer> {
    const use = await this.runs.storageUse();
    return {
      measured_at: use.measuredAt.toISOString(),
      logical: { count: use.links, bytes: use.logicalBytes },
      stored: { count: use.blobs, bytes: use.storedBytes },
      deduplicated: {
        count: Math.max(0, use.links - use.blobs),
        bytes: Math.max(0, use.logicalBytes - use.storedBytes),
      },
      awaiting_deletion: { count: use.awaiting, bytes: use.awaitingBytes },
    };
  }
}
