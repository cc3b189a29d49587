/** One request of a browser or script for the dashboard. */
export interface DashboardRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** What stands behind `/admin/queues` in the URL, with its query: empty, or beginning with a slash. No dot segments. */
  path: string;
  /** The body, as JSON text; undefined for none. */
  json: string | undefined;
}

export interface DashboardAnswer {
  status: number;
  contentType: string;
  /** At most 8 MiB. */
  body: Uint8Array;
}

/**
 * The page on which operators see the worker's queues, and its API. Whoever calls has made sure that an operator asks.
 * Adapters: `BullBoard` in the worker, and RPC to it.
 */
export abstract class QueueDashboard {
  /**
   * Answers within ten seconds; a status below 500 whatever the request is. Errors: with `statusCode` 503 while the queues'
   * backend does not answer. Not safe to repeat: the dashboard adds and retries jobs.
   */
  abstract answer(request: DashboardRequest): Promise<DashboardAnswer>;
}
