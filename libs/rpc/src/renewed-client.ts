import type { Client } from '@grpc/grpc-js';

const CONNECT_MS = 10_000;

interface Opened {
  client: Client;
  openedAt: number;
  running: number;
}

/**
 * A gRPC client that is replaced by a new one now and then: names are looked up when it connects, so that replicas which came
 * later get their share. It is the caller who does this, and not the service that ends old connections: only the caller knows
 * that no call is on its way, and a call that meets the end of its connection is lost, which some must not be.
 */
export class RenewedClient {
  private current: Opened;
  private next: Client | undefined;
  private isClosed = false;

  /** `afterMs`: how old a client may become before a call has it replaced. */
  constructor(
    private readonly open: () => Client,
    private readonly afterMs: number,
  ) {
    this.current = opened(open());
  }

  /** Runs one call; its client stays open until the call has ended. */
  async run<T>(call: (client: Client) => Promise<T>): Promise<T> {
    const mine = this.current;
    mine.running++;
    if (performance.now() - mine.openedAt > this.afterMs) this.renew();
    try {
      return await call(mine.client);
    } finally {
      mine.running--;
      this.closeIfDone(mine);
    }
  }

  /** Connects first: no call has to wait for it, and while there is no connection to be had the old one stays. */
  private renew(): void {
    if (this.next || this.isClosed) return;
    const next = this.open();
    this.next = next;
    next.waitForReady(Date.now() + CONNECT_MS, (error) => {
      this.next = undefined;
      if (error || this.isClosed) return next.close();
      const old = this.current;
      this.current = opened(next);
      this.closeIfDone(old);
    });
  }

  private closeIfDone(old: Opened): void {
    if (old !== this.current && old.running === 0) old.client.close();
  }

  close(): void {
    this.isClosed = true;
    this.next?.close();
    this.current.client.close();
  }
}

const opened = (client: Client): Opened => ({ client, openedAt: performance.now(), running: 0 });
