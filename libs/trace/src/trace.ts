/**
 * Which request of a client the work at hand belongs to, in whatever process it is done (W3C Trace Context, level 1).
 * Each service passes `traceparent` on, and every log line carries its trace id.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

export interface Trace {
  /** 32 hexadecimal digits, the same in every service. */
  traceId: string;
  /** Whether the one who began the trace records it; passed on as it came. */
  flags: string;
}

const storage = new AsyncLocalStorage<Trace>();

/** Version 00, or a later one that begins alike; ids of zeros are invalid. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:$|-)/;

/** Runs `work` in the trace that a `traceparent` header names; in a new one where it names none. */
export function runInTrace<T>(header: string | undefined, work: () => T): T {
  const [, traceId, flags] = TRACEPARENT.exec(header ?? '') ?? [];
  return storage.run({ traceId: traceId ?? randomBytes(16).toString('hex'), flags: flags ?? '00' }, work);
}

/** The trace at hand; undefined outside of any request. */
export const currentTrace = (): Trace | undefined => storage.getStore();

/** The header for a call to another service: the same trace, this call as its parent. */
export function traceparent(): string | undefined {
  const trace = currentTrace();
  return trace && `00-${trace.traceId}-${randomBytes(8).toString('hex')}-${trace.flags}`;
}

/** What a log line says of it. */
export const traceFields = (): { traceId?: string } => {
  const trace = currentTrace();
  return trace ? { traceId: trace.traceId } : {};
};
