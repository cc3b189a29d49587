import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '#config';
import { SETTINGS } from '#nest';
import { MaintenanceMode } from '#registry';

/** What operators may switch off: everything that writes, or deleting. */
@Injectable()
export class Switches {
  constructor(
    private readonly maintenance: MaintenanceMode,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /**
   * Why a request that writes, or deletes, is not served now, for its client to read; undefined where it is. Asked for each
   * request: what is switched on one gateway acts on the next request of all.
   */
  async closed(kind: 'write' | 'delete'): Promise<string | undefined> {
    const { isReadOnly, message } = await this.maintenance.find();
    if (isReadOnly || this.settings.BERTH_READ_ONLY) return (isReadOnly ? message : undefined) ?? READ_ONLY;
    return kind === 'delete' && !this.settings.BERTH_DELETES ? 'deleting is switched off here' : undefined;
  }
}

const READ_ONLY = 'this registry is read-only now';
