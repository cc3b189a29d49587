import { type ErrorCode, RegistryError } from '#oci';
import { ObjectMissingError } from '#registry';
import { ServiceFault } from './service-fault.js';

/**
 * What came of a call. Refusals are answers and not failures of the transport: they carry details of any size, and no
 * retry touches them.
 */
export type Outcome =
  | { answer: unknown }
  | { refusal: { code: ErrorCode; detail: unknown; status: number; headers: Record<string, string>; message: string } }
  | { missing: string }
  /** Status that the client's answer gets; the details stay in the log of the service that failed. */
  | { fault: number }
  /** Left out of a batch that had grown large: to be asked for alone. */
  | { later: true };

/** `statusOf` tells what passes by itself (503) from what does not (500). */
export function outcomeOfError(error: unknown, statusOf: (error: unknown) => number): Outcome {
  if (error instanceof RegistryError) {
    const { code, detail, status, headers, message } = error;
    return { refusal: { code, detail, status, headers, message } };
  }
  if (error instanceof ObjectMissingError) return { missing: error.key };
  return { fault: statusOf(error) };
}

/** The answer, or the error that the other side threw. `path` names the call in the error. */
export function answerOf(outcome: Outcome, path: string): unknown {
  if ('answer' in outcome) return outcome.answer;
  if ('refusal' in outcome) {
    const { code, detail, ...options } = outcome.refusal;
    throw new RegistryError(code, detail, options);
  }
  if ('missing' in outcome) throw new ObjectMissingError(outcome.missing);
  throw new ServiceFault(
    `${path} failed; the log of that service has the details`,
    'fault' in outcome ? outcome.fault : 500,
  );
}
