import { Client, Metadata, type MethodDefinition, type ServiceError, status } from '@grpc/grpc-js';
import { service as health } from 'grpc-health-check';
import type { Logger } from 'pino';
import type { Contract, MethodContract } from '#contracts';
import { traceparent } from '#trace';
import { decode, encode, MAX_MESSAGE_BYTES } from './codec.js';
import { channelCredentials, type Proof, tokensOf } from './proof.js';
import { RenewedClient } from './renewed-client.js';
import { ServiceFault } from './service-fault.js';
import type { ServiceTokens } from './service-token.js';

/** A call that was lost with its connection is made again so often, where the contract allows it. */
const ATTEMPTS = 4;
const HEALTH_MS = 1500;
/** Connections are made anew after this, so that replicas which came later are found. */
const RENEW_MS = 10 * 60_000;
/** A connection without calls is let go of: what lies between may forget it without a word. */
const IDLE_MS = 5 * 60_000;
const CHECK = health.Check as MethodDefinition<object, object>;

export interface RpcClientOptions {
  /** `http://HOST:PORT`, or `https://` with certificates. A name with several addresses is several replicas. */
  url: string;
  proof: Proof;
  log: Logger;
  contracts: readonly Spoken[];
  /** For tests; ten minutes. */
  renewAfterMs?: number;
}

/** Calls another service. Connects when first used and again whenever it has to; while it cannot, calls fail at once. */
export class RpcClient {
  private readonly client: RenewedClient;
  private readonly tokens: ServiceTokens | undefined;
  private readonly log: Logger;
  readonly url: string;

  constructor({ url, proof, log, contracts, renewAfterMs = RENEW_MS }: RpcClientOptions) {
    this.url = url;
    this.log = log;
    const { protocol, host } = new URL(url);
    const isSecure = protocol === 'https:';
    if (isSecure && !proof.tls) throw new Error(`${url} needs BERTH_RPC_TLS_CERT, _KEY and _CA`);
    this.tokens = tokensOf({ ...proof, tls: isSecure ? proof.tls : undefined });
    const credentials = channelCredentials({ ...proof, tls: isSecure ? proof.tls : undefined });
    const options = {
      'grpc.service_config': JSON.stringify(serviceConfig(contracts)),
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 2000,
      'grpc.dns_min_time_between_resolutions_ms': 5000,
      'grpc.client_idle_timeout_ms': IDLE_MS,
      // A peer that is gone without a word is noticed although nothing is sent. One that merely has no turn for a while is
      // not to lose every call under way, some of which cannot be made again: it has as long as a look may take.
      'grpc.keepalive_time_ms': 20_000,
      'grpc.keepalive_timeout_ms': 15_000,
      'grpc.use_local_subchannel_pool': 1,
    };
    this.client = new RenewedClient(() => new Client(`dns:///${host}`, credentials, options), renewAfterMs);
  }

  /** Sends a message and answers what came back. Errors: ServiceFault, with 503 where the service is away. */
  call(path: string, message: unknown, { deadline }: MethodContract): Promise<unknown> {
    const body = encode(message);
    const metadata = new Metadata();
    const trace = traceparent();
    if (trace) metadata.set('traceparent', trace);
    if (this.tokens) metadata.set('berth-token', this.tokens.sign(path, body));
    const began = performance.now();
    const tell = (outcome: string) =>
      this.log.debug({ call: path, ms: Math.round(performance.now() - began), outcome }, 'called a service');
    const options = { deadline: Date.now() + deadline };
    return this.client.run(
      (client) =>
        new Promise((resolve, reject) => {
          const done = (error: ServiceError | null, answer?: Buffer) => {
            tell(error ? status[error.code] : 'OK');
            if (error) reject(faultOf(error, path));
            else resolve(decode(answer as Buffer));
          };
          client.makeUnaryRequest(path, identity, identity, body, metadata, options, done);
        }),
    );
  }

  /** Whether the service says that it can serve. */
  isReady(): Promise<boolean> {
    const options = { deadline: Date.now() + HEALTH_MS };
    return this.client.run(
      (client) =>
        new Promise((resolve) => {
          client.makeUnaryRequest(
            CHECK.path,
            CHECK.requestSerialize,
            CHECK.responseDeserialize,
            { service: '' },
            new Metadata(),
            options,
            (error, answer?: { status?: string | number }) => resolve(!error && isServing(answer?.status)),
          );
        }),
    );
  }

  close(): void {
    this.client.close();
  }
}

type Spoken = Pick<Contract<object>, 'service' | 'methods'>;

const identity = (bytes: Buffer): Buffer => bytes;

const isServing = (state: string | number | undefined): boolean => state === 'SERVING' || state === 1;

/** What grpc-js does by itself: turns among replicas, and repeating what may be repeated. */
function serviceConfig(contracts: readonly Spoken[]) {
  const retryPolicy = {
    maxAttempts: ATTEMPTS,
    initialBackoff: '0.1s',
    maxBackoff: '1s',
    backoffMultiplier: 2,
    retryableStatusCodes: ['UNAVAILABLE'],
  };
  const repeatable = contracts.flatMap((contract) =>
    Object.entries<MethodContract>(contract.methods)
      .filter(([, method]) => method.isRepeatable)
      .map(([method]) => ({ service: `berth.${contract.service}`, method })),
  );
  return {
    loadBalancingConfig: [{ round_robin: {} }],
    methodConfig: repeatable.length > 0 ? [{ name: repeatable, retryPolicy }] : [],
  };
}

/** Lost connections and late answers pass by themselves; a refused proof or an unknown method does not. */
function faultOf(error: ServiceError, path: string): ServiceFault {
  const passes = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED].includes(error.code);
  const message = `${path}: ${status[error.code]} ${error.details}`;
  return new ServiceFault(message, passes ? 503 : 500, { cause: error });
}
