import { setTimeout as sleep } from 'node:timers/promises';
import type { Garbage, GcPass } from '../ports/garbage.js';
import type { GcRunQueue } from '../ports/gc-runs.js';
import type { ApplyRetention } from './apply-retention.js';
import type { CollectBlobs } from './collect-blobs.js';
import type { CollectLinks } from './collect-links.js';
import type { CollectUntagged } from './collect-untagged.js';
import type { DeleteObjects } from './delete-objects.js';
import type { EvictBuildCaches } from './evict-build-caches.js';
import type { ExpireUploads } from './expire-uploads.js';
import { failpoint } from './failpoint.js';
import { GcStopped } from './gc-brake.js';
import type { Purge } from './purge.js';
import type { RewriteMarks } from './rewrite-marks.js';

const ALIVE_EVERY_MS = 5000;
const LOOK_EVERY_MS = 250;
/** Objects that could not be deleted come up again each minute; a run gives up on them after this. */
const MAX_WAIT_MS = 15 * 60_000;

/** The collectors, in the order in which one makes work for the next. */
export class Collectors {
  constructor(
    readonly marks: RewriteMarks,
    readonly retention: ApplyRetention,
    readonly untagged: CollectUntagged,
    readonly buildCaches: EvictBuildCaches,
    readonly purge: Purge,
    readonly uploads: ExpireUploads,
    readonly links: CollectLinks,
    readonly blobs: CollectBlobs,
    readonly objects: DeleteObjects,
  ) {}
}

/** Works off the runs that operators asked for. One that a killed worker left begins again: every step may be repeated. */
export class RunGc {
  constructor(
    private readonly queue: GcRunQueue,
    private readonly garbage: Garbage,
    private readonly collectors: Collectors,
  ) {}

  /** Answers how many runs ended. */
  async run(): Promise<number> {
    for (let ended = 0; ; ended++) {
      const run = await this.queue.claim();
      if (!run) return ended;
      failpoint('run-claimed');
      const alive = setInterval(() => void this.queue.keepAlive(run.id).catch(() => undefined), ALIVE_EVERY_MS);
      try {
        await this.collect(run.id, { runId: run.id, grace: run.grace, isDryRun: run.isDryRun });
        failpoint('run-collected');
        await this.queue.finish(run.id, 'done');
      } catch (error) {
        if (error instanceof GcStopped && error.reason !== 'off') return this.giveBack(run.id, ended);
        await this.queue.finish(run.id, { error: error instanceof Error ? error.message : String(error) });
        if (!(error instanceof GcStopped)) throw error;
      } finally {
        clearInterval(alive);
      }
    }
  }

  private async giveBack(id: number, ended: number): Promise<number> {
    await this.queue.release(id);
    return ended;
  }

  private async collect(id: number, pass: GcPass): Promise<void> {
    const { marks, retention, untagged, buildCaches, purge, uploads, links, blobs, objects } = this.collectors;
    if (!pass.isDryRun) await marks.run();
    const steps = { retention, untagged, build_caches: buildCaches, manifests: purge, uploads, links, blobs } as const;
    for (const step of Object.keys(steps) as Array<keyof typeof steps>) {
      await this.queue.reach(id, step);
      await steps[step].run(pass);
    }
    if (pass.isDryRun) return;
    await this.queue.reach(id, 'objects');
    const released = await this.queue.now();
    const deadline = Date.now() + MAX_WAIT_MS;
    for (;;) {
      await objects.run();
      // Another worker may have claimed some: the run is done when they are gone, too.
      if (!(await this.garbage.hasDeletionsDue(released))) return;
      if (Date.now() > deadline) throw new Error('objects that were let go of could not be deleted from storage');
      await sleep(LOOK_EVERY_MS);
    }
  }
}
