import {
  type Metadata,
  type MethodDefinition,
  Server,
  type ServerUnaryCall,
  type StatusObject,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { Logger } from 'pino';
import { MAX_KEYS } from '#batching';
import type { Contract, MethodContract } from '#contracts';
import { runInTrace } from '#trace';
import { decode, encode, MAX_MESSAGE_BYTES } from './codec.js';
import { type Outcome, outcomeOfError } from './outcome.js';
import { pathOf } from './path.js';
import { type Proof, serverCredentials, tokensOf } from './proof.js';
import type { ServiceTokens } from './service-token.js';

/** Answers of a batch are cut here: what comes after is asked for alone. */
const BATCH_BYTES = MAX_MESSAGE_BYTES / 2;
/** How long running calls get when the server stops. */
const DRAIN_MS = 10_000;

const identity = (bytes: Buffer): Buffer => bytes;

export interface RpcServerOptions {
  proof: Proof;
  log: Logger;
  /** The HTTP status of an unforeseen error: 503 for what passes by itself. */
  statusOf: (error: unknown) => number;
}

/**
 * Serves ports to other services, and gRPC's health protocol, which needs no proof and tells nothing else. It ends no connection
 * for its age or for being idle: a call that is on its way at that moment would be lost (`RenewedClient`).
 */
export class RpcServer {
  private readonly server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_concurrent_streams': 1000,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
  });
  private readonly health = new HealthImplementation({ '': 'NOT_SERVING' });
  private readonly tokens: ServiceTokens | undefined;

  constructor(private readonly options: RpcServerOptions) {
    this.tokens = tokensOf(options.proof);
    this.health.addToServer(this.server);
  }

  /** Makes a port callable. `implementation` is its adapter in this process; `onCall` hears of each call. */
  add<P extends object>(contract: Contract<P>, implementation: P, onCall?: () => void): void {
    const definition: Record<string, MethodDefinition<Buffer, Buffer>> = {};
    const handlers: Record<string, (call: Call, callback: sendUnaryData<Buffer>) => void> = {};
    for (const [name, method] of Object.entries<MethodContract>(contract.methods)) {
      const path = pathOf(contract, name);
      definition[name] = {
        path,
        requestStream: false,
        responseStream: false,
        requestSerialize: identity,
        requestDeserialize: identity,
        responseSerialize: identity,
        responseDeserialize: identity,
      };
      const run = (args: unknown[]) => {
        onCall?.();
        return (implementation as Record<string, (...args: unknown[]) => Promise<unknown>>)[name]?.(...args);
      };
      handlers[name] = (call, callback) => {
        runInTrace(text(call.metadata, 'traceparent'), () => void this.answer(path, method, run, call, callback));
      };
    }
    this.server.addService(definition, handlers);
  }

  /** Listens; port 0 takes a free one. Answers the port. */
  listen({ host, port }: { host: string; port: number }): Promise<number> {
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    return new Promise((resolve, reject) => {
      this.server.bindAsync(address, serverCredentials(this.options.proof), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
  }

  /** What health checks are told. */
  setReady(isReady: boolean): void {
    this.health.setStatus('', isReady ? 'SERVING' : 'NOT_SERVING');
  }

  /** Takes no new calls, lets running ones end, and cuts off those that take too long. */
  async close(): Promise<void> {
    this.setReady(false);
    const closed = new Promise<void>((resolve) => this.server.tryShutdown(() => resolve()));
    const cut = setTimeout(() => this.server.forceShutdown(), DRAIN_MS);
    await closed.finally(() => clearTimeout(cut));
  }

  private async answer(
    path: string,
    method: MethodContract,
    run: Run,
    call: Call,
    callback: sendUnaryData<Buffer>,
  ): Promise<void> {
    const { log } = this.options;
    const began = performance.now();
    const refuse = (code: status, details: string) => {
      log.warn({ call: path, reason: details }, 'a call was refused');
      callback({ code, details } as StatusObject);
    };
    const flaw = this.tokens?.flawOf(text(call.metadata, 'berth-token'), path, call.request);
    if (flaw) return refuse(status.UNAUTHENTICATED, flaw);
    try {
      const message = decode(call.request);
      if (!method.isBatched) callback(null, encode(await this.outcome(path, method, run, message)));
      else if (Array.isArray(message) && message.length <= MAX_KEYS) {
        const outcomes = await Promise.all(message.map((args) => this.outcome(path, method, run, args)));
        callback(null, encode(withinBudget(outcomes)));
      } else return refuse(status.INVALID_ARGUMENT, `a batch is an array of at most ${MAX_KEYS}`);
      log.debug({ call: path, ms: Math.round(performance.now() - began) }, 'a call was answered');
    } catch (error) {
      log.error({ err: error, call: path }, 'a call failed');
      callback({ code: status.INTERNAL, details: 'the service failed; its log has the details' });
    }
  }

  private async outcome(path: string, method: MethodContract, run: Run, message: unknown): Promise<Outcome> {
    try {
      return { answer: await run(method.arguments.parse(message)) };
    } catch (error) {
      const outcome = outcomeOfError(error, this.options.statusOf);
      if ('fault' in outcome) this.options.log.error({ err: error, call: path }, 'a call failed');
      return outcome;
    }
  }
}

type Call = ServerUnaryCall<Buffer, Buffer>;
type Run = (args: unknown[]) => Promise<unknown> | undefined;

function text(metadata: Metadata, key: string): string | undefined {
  const [value] = metadata.get(key);
  return typeof value === 'string' ? value : undefined;
}

/** Each outcome as bytes of its own, so that their sum is known; the first is always there. */
function withinBudget(outcomes: Outcome[]): Buffer[] {
  const later = encode({ later: true } satisfies Outcome);
  let total = 0;
  return outcomes.map((outcome, i) => {
    if (total > BATCH_BYTES) return later;
    const bytes = encode(outcome);
    total += bytes.length;
    return i > 0 && total > BATCH_BYTES ? later : bytes;
  });
}
