import type { OwnedObjectStore } from '../ports/object-store.js';
import type { LostBlob, ReconcileClaim, Reconciling, SuspectBlob } from '../ports/reconciling.js';
import { failpoint } from './failpoint.js';
import { type GcBrake, GcStopped } from './gc-brake.js';

const PAGE = 1000;
const LOOKS_AT_ONCE = 8;
const ALIVE_EVERY_MS = 5000;

/** What one worker's part of a run did. */
export interface ReconcileOutcome {
  id: number;
  isDryRun: boolean;
  objects: number;
  /** Objects that were queued for deletion. */
  queued: number;
  /** Blobs that count as absent from here on. */
  missing: number;
  /** Multipart uploads that were dropped. */
  dropped: number;
}

/**
 * Compares the object store with the database, both ways and page by page: memory does not grow with either. A run that was
 * broken off goes on where it was.
 */
export class Reconcile {
  constructor(
    private readonly reconciling: Reconciling,
    private readonly objects: OwnedObjectStore,
    private readonly brake: GcBrake,
  ) {}

  /** Works off the runs that wait, or the rest of one. Answers those that it ended. Errors: those of the store. */
  async run(): Promise<ReconcileOutcome[]> {
    for (const ended: ReconcileOutcome[] = []; ; ) {
      const run = await this.reconciling.claim();
      if (!run) return ended;
      failpoint('reconcile-claimed');
      const outcome = { id: run.id, isDryRun: run.isDryRun, objects: 0, queued: 0, missing: 0, dropped: 0 };
      if (!(await this.hold(run, outcome))) return ended;
      ended.push(outcome);
    }
  }

  /** Whether the run ended. */
  private async hold(run: ReconcileClaim, outcome: ReconcileOutcome): Promise<boolean> {
    const alive = setInterval(() => void this.reconciling.keepAlive(run.id).catch(() => undefined), ALIVE_EVERY_MS);
    try {
      if (run.phase === 'objects' && !(await this.walkObjects(run, outcome))) return false;
      if (!(await this.walkUploads(run, outcome))) return false;
      await this.reconciling.finish(run.id, 'done');
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof GcStopped && error.reason === 'off')
        await this.reconciling.finish(run.id, { error: reason });
      else await this.reconciling.release(run.id, error instanceof GcStopped ? undefined : reason);
      if (error instanceof GcStopped) return error.reason === 'off';
      throw error;
    } finally {
      clearInterval(alive);
    }
  }

  /** False when another worker has the run. */
  private async walkObjects(run: ReconcileClaim, outcome: ReconcileOutcome): Promise<boolean> {
    let after = run.after;
    for (;;) {
      await this.brake.pass();
      const listed = await this.objects.list(after, PAGE);
      const end = listed.length === PAGE ? listed.at(-1)?.key : undefined;
      const { to, strays, suspects } = await this.reconciling.compare(run, { after, to: end, listed });
      failpoint('page-compared');
      const lost = await this.lostOf(suspects);
      const seen = to === undefined ? listed : listed.filter(({ key }) => key <= to);
      const marked = await this.reconciling.recordObjects(run, { after, to, listed: seen }, { strays, lost });
      if (marked === undefined) return false;
      failpoint('page-recorded');
      outcome.objects += seen.length;
      outcome.queued += strays.filter(({ isNew }) => isNew).length;
      outcome.missing += marked;
      this.brake.owe(seen.length + suspects.length);
      if (to === undefined) return true;
      after = to;
    }
  }

  /** Asked again by name: an object may have been written after the listing. */
  private async lostOf(suspects: readonly SuspectBlob[]): Promise<LostBlob[]> {
    const lost: LostBlob[] = [];
    const rest = suspects.values();
    const look = async () => {
      for (const suspect of rest) {
        const found = await this.objects.size(suspect.objectKey);
        if (found !== suspect.size) lost.push({ ...suspect, found });
      }
    };
    await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, look));
    return lost;
  }

  /** False when another worker has the run. */
  private async walkUploads(run: ReconcileClaim, outcome: ReconcileOutcome): Promise<boolean> {
    for (let after = run.phase === 'uploads' ? run.after : ''; ; ) {
      await this.brake.pass();
      const { uploads, next: to } = await this.objects.listUploads(after, PAGE);
      const strays = await this.reconciling.findStrayUploads(uploads);
      failpoint('uploads-compared');
      const due = run.isDryRun ? [] : strays.filter(({ isDue }) => isDue);
      for (const { key, uploadId } of due) await this.objects.abortMultipart(key, uploadId);
      if (!(await this.reconciling.recordUploads(run, { after, to, count: uploads.length }, strays))) return false;
      failpoint('uploads-recorded');
      outcome.dropped += due.length;
      this.brake.owe(uploads.length);
      if (to === undefined) return true;
      after = to;
    }
  }
}
