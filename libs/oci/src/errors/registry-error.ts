import { ERRORS, type ErrorCode } from './codes.js';

/** What a `RegistryError` may carry beside its code: another status or message than the table's, or headers that the answer needs. */
export interface RegistryErrorOptions {
  status?: number;
  /** Clients such as docker show it, and not the detail. */
  message?: string;
  headers?: Record<string, string>;
}

/** A refusal in the specification's terms. `detail` goes to the client as it is: it never holds a secret or a stack. */
export class RegistryError extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(
    readonly code: ErrorCode,
    readonly detail?: unknown,
    options: RegistryErrorOptions = {},
  ) {
    super(options.message ?? ERRORS[code].message);
    this.name = 'RegistryError';
    this.status = options.status ?? ERRORS[code].status;
    this.headers = options.headers ?? {};
  }
}

/** Throws a `RegistryError`; an expression, so that it can stand behind `??`. */
export function fail(code: ErrorCode, detail?: unknown, options?: RegistryErrorOptions): never {
  throw new RegistryError(code, detail, options);
}
