/**
 * The object store refused or did not answer. `statusCode` is what Berth's own client gets: 503 for what may pass by
 * itself, 507 for a full bucket, else 500 — never a 404, which would say that the blob does not exist.
 */
export class StorageError extends Error {
  readonly statusCode: number;

  constructor(
    what: string,
    readonly status: number | undefined,
    /** The store's own error code, such as `SlowDown`. */
    readonly code: string | undefined,
    options?: ErrorOptions,
  ) {
    super(`the object store: ${what}${status ? ` answered ${status}` : ''}${code ? ` ${code}` : ''}`, options);
    this.name = 'StorageError';
    this.statusCode = status === 507 ? 507 : this.isPassing ? 503 : 500;
  }

  /** Whether the same request may succeed in a moment: no answer at all, an overloaded or failing store, a stale URL. */
  get isPassing(): boolean {
    if (this.status === undefined || this.status === 408 || this.status === 429) return true;
    if (this.status >= 500) return this.status !== 501 && this.status !== 507;
    return this.code !== undefined && PASSING_CODES.has(this.code);
  }
}

/** S3's own words for what a repeated request may get past, with statuses below 500. */
const PASSING_CODES = new Set([
  'RequestTimeout',
  'OperationAborted',
  'ConditionalRequestConflict',
  'AccessDenied.Expired',
  'BadDigest',
]);
