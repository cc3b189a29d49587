/** Injection token of the process's settings (`Settings` of `#config`). */
export const SETTINGS = Symbol('settings');
