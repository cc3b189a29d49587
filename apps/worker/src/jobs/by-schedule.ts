import { type GcPass, GcStopped } from '#registry';

/** What the schedule does belongs to no run and keeps the instance's grace. */
export const BY_SCHEDULE: GcPass = { runId: undefined, grace: undefined, isDryRun: false };

/** Waits for the work of a job; one that was stopped is over, not failed. */
export async function unlessStopped<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof GcStopped) return undefined;
    throw error;
  }
}
