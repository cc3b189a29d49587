import { z } from 'zod';

/** Text forms of settings, each with the words that its error uses. */

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** `90s`, `5m`, `24h`, `30d` or plain `0`, in seconds. */
export const duration = z
  .string()
  .regex(/^(?:0|[0-9]{1,9}[smhd])$/, 'must be a duration: a whole number followed by s, m, h or d')
  .transform((text) => (text === '0' ? 0 : Number(text.slice(0, -1)) * UNITS[text.slice(-1) as keyof typeof UNITS]));

/** `never` or a duration; never is undefined. */
export const durationOrNever = z.union([z.literal('never').transform(() => undefined), duration], {
  error: 'must be never, or a whole number followed by s, m, h or d',
});

export const onOff = z.enum(['on', 'off'], { error: 'must be on or off' }).transform((text) => text === 'on');

/** A whole number, or `off`, which is undefined. */
export const countOrOff = z
  .string()
  .regex(/^(?:off|[0-9]{1,9})$/, 'must be a whole number or off')
  .transform((text) => (text === 'off' ? undefined : Number(text)));

const BYTE_UNITS = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 } as const;

/** A whole number of bytes, or one followed by k, m, g or t (powers of 1,024). */
export const bytes = z
  .string()
  .regex(/^[1-9][0-9]{0,12}[kmgt]?$/i, 'must be a number of bytes, or a number followed by k, m, g or t')
  .transform((text) => {
    const unit = text.replace(/[0-9]/g, '').toLowerCase() as keyof typeof BYTE_UNITS;
    return Number.parseInt(text, 10) * BYTE_UNITS[unit];
  });

/** `unlimited`, `0` or bytes; unlimited is undefined. */
export const bytesOrUnlimited = z.union(
  [
    z.literal('unlimited').transform(() => undefined),
    z.literal('0').transform(() => 0),
    bytes.refine(
      (count) => count <= Number.MAX_SAFE_INTEGER,
      'must be unlimited, or a number of bytes that is smaller',
    ),
  ],
  { error: 'must be unlimited, or a number of bytes, or a number followed by k, m, g or t' },
);

export interface Address {
  host: string;
  port: number;
}

/** `127.0.0.1:5000`, `[::1]:5000`, `:5000` (all addresses). */
export const address = z
  .string()
  .regex(/^(?:\[[0-9a-fA-F:]+\]|[0-9a-zA-Z.-]*):[0-9]{1,5}$/, 'must be HOST:PORT, for instance 127.0.0.1:5000')
  .transform((text, context): Address => {
    const colon = text.lastIndexOf(':');
    const port = Number(text.slice(colon + 1));
    if (port > 65_535) context.addIssue({ code: 'custom', message: 'must have a port from 0 to 65535' });
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, '') || '::', port };
  });

export const addressOrOff = z.union([z.literal('off').transform(() => undefined), address], {
  error: 'must be HOST:PORT or off',
});

/** An origin: `https://registry.example.com`, without a path. */
export const origin = z
  .url({ protocol: /^https?$/, error: 'must be a URL: https://HOST[:PORT]' })
  .transform((text, context) => {
    const url = new URL(text);
    if (url.pathname !== '/' || url.search || url.hash || url.username) {
      context.addIssue({ code: 'custom', message: 'must be only https://HOST[:PORT], without a path' });
    }
    return url.origin;
  });
