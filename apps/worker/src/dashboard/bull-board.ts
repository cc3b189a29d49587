import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { Queue } from 'bullmq';
import Fastify from 'fastify';
import { type DashboardAnswer, type DashboardRequest, QueueDashboard } from '#registry';
import { ServiceFault } from '#rpc';

const BASE = '/admin/queues';
/** A backend that is away is waited for by BullMQ without end. */
const ANSWER_MS = 10_000;
/** Far above a page of jobs; RPC carries no more than twice as much. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** bull-board over the worker's queues. It listens nowhere: requests are handed to it, and come by RPC or from this process. */
export class BullBoard extends QueueDashboard {
  private readonly server = Fastify({ logger: false });

  /** `ping` resolves while the queues' backend answers. */
  constructor(
    queues: readonly Queue[],
    private readonly ping: () => Promise<unknown>,
  ) {
    super();
    const adapter = new FastifyAdapter().setBasePath(BASE);
    createBullBoard({
      queues: queues.map((queue) => new BullMQAdapter(queue)),
      serverAdapter: adapter,
      options: { uiConfig: { boardTitle: 'Berth: queues' } },
    });
    this.server.register(adapter.registerPlugin(), { prefix: BASE });
  }

  override async answer({ method, path, json }: DashboardRequest): Promise<DashboardAnswer> {
    const payload = json === undefined ? {} : { payload: json, headers: { 'content-type': 'application/json' } };
    const { statusCode, headers, rawPayload } = await soon(
      this.server.inject({ method, url: BASE + path, ...payload }),
    );
    if (rawPayload.length > MAX_ANSWER_BYTES) return told(413, 'this page is too large: ask for fewer jobs at a time');
    // bull-board says 500 for whatever BullMQ throws: mostly that a job is not in the state that this would need.
    if (statusCode >= 500) {
      await soon(this.ping());
      return told(409, 'the queue refused: see whether the job or queue is still as it was shown');
    }
    return { status: statusCode, contentType: String(headers['content-type'] ?? 'text/plain'), body: rawPayload };
  }
}

/** An error as the dashboard's page shows it. */
const told = (status: number, message: string): DashboardAnswer => ({
  status,
  contentType: 'application/json; charset=utf-8',
  body: Buffer.from(JSON.stringify({ error: { key: 'ERRORS.INTERNAL_SERVER_ERROR' }, message })),
});

async function soon<T>(work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const fault = new ServiceFault("the queues' backend does not answer", 503);
  const timer = setTimeout(() => reject(fault), ANSWER_MS);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
