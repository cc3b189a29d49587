/** Injection token of the process's settings (`Settings` of `#config`). */
export const SETTINGS = Symbol('settings');

/** Injection token of the process's log (pino's `Logger`). */
export const LOG = Symbol('log');
