/** Where BullMQ's queues are, for every queue and worker of the process. */
export interface Queues {
  /** What BullMQ takes as `connection`. */
  connection: never;
  /** Resolves while the backend answers. */
  ping(): Promise<unknown>;
  /** To be called when no worker runs any more. */
  close(): Promise<void>;
}
