/** One thing that somebody did. */
export interface AuditEntry {
  id: bigint;
  at: Date;
  /** Login of a user, subject of a workflow, or Berth itself. */
  actor: string;
  userId: number | undefined;
  tokenId: number | undefined;
  action: string;
  target: string;
  address: string | undefined;
  result: string;
  data: Record<string, string>;
}

/** Which entries to read, the newest first. */
export interface AuditQuery {
  /** Of one namespace; undefined: of all, for operators. */
  namespaceId: number | undefined;
  /** Login, in its own capitals. */
  actor: string | undefined;
  /** An action, or what several begin with: `package.` */
  action: string | undefined;
  target: string | undefined;
  since: Date | undefined;
  until: Date | undefined;
  /** Entries before this one. */
  before: bigint | undefined;
  limit: number;
}

/** What was done, by whom, to what, from where. Only ever added to. */
export abstract class AuditLog {
  /**
   * At most `limit` entries. One call looks through 10,000 entries at most: where filters leave few of them, a page may be
   * short or empty and `next` lead on all the same.
   */
  abstract list(query: AuditQuery): Promise<{ entries: AuditEntry[]; next: bigint | undefined }>;
}
