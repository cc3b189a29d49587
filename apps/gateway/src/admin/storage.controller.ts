import { Controller, Get } from '@nestjs/common';
import { GcRuns } from '#registry';
import { Described } from '../http/described.js';
import { OperatorsOnly } from './operator.guard.js';

interface Amount {
  count: number;
  bytes: number;
}

/** How much the registry stores. */
@Controller('admin/v1/storage')
export class StorageController {
  constructor(private readonly runs: GcRuns) {}

  /**
   * `logical`: blobs as packages see them, each once for each package. `stored`: each once. `deduplicated`: what is saved by
   * that. `awaiting_deletion`: let go of and not deleted yet, as of now. `measured_at` says how old the other three are.
   */
  @Get()
  @OperatorsOnly()
  @Described({
    summary: 'How much is stored: as packages see it, once each, and waiting to be deleted',
    answer: { status: 200 },
  })
  async show(): Promise<{
    measured_at: string;
    logical: Amount;
    stored: Amount;
    deduplicated: Amount;
    awaiting_deletion: Amount;
  }> {
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
