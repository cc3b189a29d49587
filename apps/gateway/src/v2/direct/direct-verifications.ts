import { setTimeout as wait } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { LOG } from '#nest';
import { type SessionOwner, VerifyDirectUpload } from '#registry';

/** A commit that is done so soon is answered 201 at once. */
const PATIENCE_MS = 2_000;
/** At the end of the process a stretch under way is waited for so long; whoever goes on hashes it again. */
const CLOSE_MS = 10_000;

/** Verifications that go on behind their requests, in this process. Where one stops, the next request for it goes on. */
@Injectable()
export class DirectVerifications implements BeforeApplicationShutdown {
  private readonly running = new Map<string, Promise<void>>();
  private readonly ending = new AbortController();

  constructor(
    private readonly verify: VerifyDirectUpload,
    @Inject(LOG) private readonly log: Logger,
  ) {}

  /** Verifies an upload, or waits with whoever does; comes back when it is over, or after two seconds. */
  async run(owner: SessionOwner): Promise<void> {
    const known = this.running.get(owner.sessionId);
    const verification = known ?? this.verify.run(owner, this.ending.signal);
    if (!known) this.running.set(owner.sessionId, this.untilOver(owner, verification));
    // What fails within the patience of a request is told to its client.
    await Promise.race([verification, wait(PATIENCE_MS, undefined, { ref: false })]);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.ending.abort();
    await Promise.race([Promise.all(this.running.values()), wait(CLOSE_MS, undefined, { ref: false })]);
  }

  private async untilOver({ sessionId }: SessionOwner, verification: Promise<void>): Promise<void> {
    await verification.catch((error) => this.log.warn({ err: error, sessionId }, 'a direct upload was not verified'));
    this.running.delete(sessionId);
  }
}
