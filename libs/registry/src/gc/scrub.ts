import { setTimeout as sleep } from 'node:timers/promises';
import { algorithmOf } from '#oci';
import type { HashProgress, ObjectHasher } from '../ports/object-hasher.js';
import { ObjectMissingError, type ObjectStore } from '../ports/object-store.js';
import type { BlobToScrub, Damage, ScrubbedBlob, Scrubbing, ScrubStep } from '../ports/scrubbing.js';
import { savableHash } from '../uploads/upload-hash.js';
import { failpoint } from './failpoint.js';

/** Blobs that are recorded together, unless they are large. */
const BLOBS = 100;
/** A stretch takes about as long at the pace that is set, and is recorded: that is what a killed worker loses. */
const STRETCH_SECONDS = 2;
const MIN_STRETCH_BYTES = 64 * 1024;
const MAX_STRETCH_BYTES = 32 * 1024 * 1024;
/** Whoever waits shows that the worker lives, and looks whether an operator changed something. */
const LOOK_EVERY_MS = 5000;

const START: HashProgress = { offset: 0, state: undefined };

/** What one stretch came to. */
export interface ScrubFound {
  blobs: number;
  bytes: number;
  damaged: number;
  healed: number;
}

/**
 * Hashes the objects of all blobs anew, at the pace that operators set, so that bytes that went bad in the store are found before
 * somebody pulls them. One worker at a time does it, in the order of blobs; another one goes on where it was.
 */
export class Scrub {
  constructor(
    private readonly scrubbing: Scrubbing,
    private readonly objects: ObjectStore,
    private readonly hasher: ObjectHasher,
  ) {}

  /**
   * Goes on until nothing is due, or `signal` says that the process ends; `tell` hears of each stretch. `worker` is its name among
   * all. Errors: those of the store, but for a lost object.
   */
  async run(worker: string, signal: AbortSignal, tell: (found: ScrubFound) => void): Promise<void> {
    try {
      for (;;) {
        const step = signal.aborted ? undefined : await this.scrubbing.next(worker, BLOBS);
        if (!step) return;
        failpoint('scrub-taken');
        const began = Date.now();
        if (step.blobs.length === 0) {
          await this.scrubbing.finish(worker);
          continue;
        }
        const found = await this.stretch(worker, step);
        if (!found) return;
        tell(found);
        await this.wait(worker, step, began + (found.bytes / step.pace) * 1000, signal);
      }
    } finally {
      await this.scrubbing.release(worker);
    }
  }

  /** One stretch: several small blobs, or some of a large one. Undefined when another worker has the scrub. */
  private async stretch(worker: string, step: ScrubStep): Promise<ScrubFound | undefined> {
    const length = Math.min(MAX_STRETCH_BYTES, Math.max(MIN_STRETCH_BYTES, step.pace * STRETCH_SECONDS));
    const done: ScrubbedBlob[] = [];
    let bytes = 0;
    for (const [i, blob] of step.blobs.entries()) {
      if (i > 0 && bytes + blob.size > length) break;
      const result = await this.look(blob, i === 0 ? step.progress : START, length);
      bytes += result.bytes;
      if ('progress' in result) {
        const isMine = await this.scrubbing.recordProgress(worker, blob.objectKey, result.progress, bytes);
        failpoint('scrub-hashed');
        return isMine ? { blobs: 0, bytes, damaged: 0, healed: 0 } : undefined;
      }
      done.push({ ...blob, damage: result.damage });
    }
    const recorded = await this.scrubbing.record(worker, done, bytes);
    failpoint('scrub-recorded');
    return recorded && { blobs: done.length, bytes, ...recorded };
  }

  /** Hashes at most `length` bytes on. The object is judged at its end only, or where it cannot be whole. */
  private async look(
    blob: BlobToScrub,
    from: HashProgress,
    length: number,
  ): Promise<{ bytes: number; damage: Damage | undefined } | { bytes: number; progress: HashProgress }> {
    const { objectKey } = blob;
    const size = await this.objects.size(objectKey);
    if (size !== blob.size) return { bytes: 0, damage: size === undefined ? 'gone' : 'size' };
    const algorithm = algorithmOf(blob.digest);
    let progress = from;
    if (from.offset < size) {
      try {
        progress = await this.hasher.hash(objectKey, algorithm, from, Math.min(length, size - from.offset));
      } catch (error) {
        if (error instanceof ObjectMissingError) return { bytes: 0, damage: 'gone' };
        if ((error as NodeJS.ErrnoException).code === 'EIO') return { bytes: 0, damage: 'unreadable' };
        throw new Error(`object ${objectKey} cannot be hashed: ${(error as Error).message}`, { cause: error });
      }
      if (progress.offset === from.offset) return { bytes: 0, damage: 'size' };
    }
    const bytes = progress.offset - from.offset;
    if (progress.offset < blob.size) return { bytes, progress };
    const actual = (await savableHash(algorithm, progress.state)).digest();
    return { bytes, damage: actual === blob.digest ? undefined : 'digest' };
  }

  /** Until the stretch has taken as long as its pace says, or an operator wants another one. */
  private async wait(worker: string, { pace }: ScrubStep, until: number, signal: AbortSignal): Promise<void> {
    for (let left = until - Date.now(); left > 0 && !signal.aborted; left = until - Date.now()) {
      await sleep(Math.min(left, LOOK_EVERY_MS), undefined, { signal }).catch(() => undefined);
      if (until > Date.now() && (await this.scrubbing.next(worker, 1))?.pace !== pace) return;
    }
  }
}
