import { AsyncLocalStorage } from 'node:async_hooks';

const current = new AsyncLocalStorage<() => string>();

/** Lets whatever happens in `work`, and after it, know the client's address. */
export const withAddress = (address: () => string, work: () => void): void => current.run(address, work);

/** Address of the client whose request is served now; undefined outside of requests. Worked out when asked for. */
export const requestAddress = (): string | undefined => current.getStore()?.();
