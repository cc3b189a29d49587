import { z } from 'zod';
import { Cookie } from './cookies.js';
import type { PendingSignOn } from './openid-provider.js';

/** What a browser keeps between leaving for the provider and coming back: ten minutes are enough for a second factor. */
export const PENDING = new Cookie('berth-sign-on');
export const PENDING_SECONDS = 600;

const Pending = z.strictObject({ state: z.string(), nonce: z.string(), verifier: z.string(), returnTo: z.string() });

export const writePending = (pending: PendingSignOn & { returnTo: string }): string =>
  Buffer.from(JSON.stringify(pending)).toString('base64url');

export function readPending(text: string | undefined): z.output<typeof Pending> | undefined {
  try {
    return Pending.parse(JSON.parse(Buffer.from(text ?? '', 'base64url').toString('utf8')));
  } catch {
    return undefined;
  }
}

/** A place on this origin: a path that no browser reads as another host. */
export function pathToReturnTo(path: string | undefined): string {
  return path !== undefined && path.length <= 1000 && /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(path) ? path : '/';
}
