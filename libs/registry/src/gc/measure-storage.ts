import type { GcRunQueue, StorageSum } from '../ports/gc-runs.js';

const BATCH = 10_000;

/** Sums up blobs and links in batches, for registries too large to do it when somebody asks. */
export class MeasureStorage {
  constructor(private readonly queue: GcRunQueue) {}

  async run(): Promise<void> {
    const blobs: StorageSum = { count: 0, bytes: 0 };
    for (let after = 0n; ; ) {
      const { count, bytes, lastId } = await this.queue.sumBlobs(after, BATCH);
      blobs.count += count;
      blobs.bytes += bytes;
      after = lastId;
      if (count < BATCH) break;
    }
    const links: StorageSum = { count: 0, bytes: 0 };
    for (let after = { packageId: 0, digest: '' }; ; ) {
      const { count, bytes, last } = await this.queue.sumLinks(after, BATCH);
      links.count += count;
      links.bytes += bytes;
      after = last;
      if (count < BATCH) break;
    }
    await this.queue.recordUse(blobs, links);
  }
}
