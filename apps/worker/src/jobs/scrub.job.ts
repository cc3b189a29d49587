import { randomUUID } from 'node:crypto';
import { Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject } from '@nestjs/common';
import type { Logger } from 'pino';
import { Counter, register } from 'prom-client';
import { LOG } from '#nest';
import { SCRUB } from '#queue';
import { GcBrake, Scrub } from '#registry';

/** Hashes objects anew, at the pace that operators set. */
@Processor(SCRUB)
export class ScrubJob extends WorkerHost {
  private readonly id = randomUUID();

  constructor(
    private readonly scrub: Scrub,
    private readonly brake: GcBrake,
    @Inject(LOG) private readonly log: Logger,
  ) {
    super();
  }

  override process(): Promise<void> {
    return this.scrub.run(this.id, this.brake.signal, (found) => {
      BLOBS.inc(found.blobs);
      BYTES.inc(found.bytes);
      DAMAGED.inc(found.damaged);
      if (found.damaged > 0) this.log.error(found, 'objects in storage are damaged or gone');
      if (found.healed > 0) this.log.info(found, 'blobs that counted as missing are whole');
    });
  }
}

const BLOBS = new Counter({
  name: 'berth_scrub_blobs_total',
  help: 'Blobs whose object was hashed anew',
  registers: [register],
});
const BYTES = new Counter({
  name: 'berth_scrub_bytes_total',
  help: 'Bytes that were hashed anew',
  registers: [register],
});
const DAMAGED = new Counter({
  name: 'berth_scrub_damaged_blobs_total',
  help: 'Blobs whose object was found damaged or gone',
  registers: [register],
});
