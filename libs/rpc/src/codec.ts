import { Packr } from 'msgpackr';

/**
 * MessagePack: numbers, strings, booleans, bigint, Date, Uint8Array, arrays, plain objects and undefined arrive as they
 * left. Plain maps and not msgpackr's records, whose short form needs both sides to have seen the same objects.
 */
const packr = new Packr({ useRecords: false });

/** The largest message either side takes. A manifest of 4 MiB and a batch's budget fit. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

export const encode = (value: unknown): Buffer => packr.pack(value);

/** Errors: whatever is wrong with bytes that are no message. */
export const decode = (bytes: Uint8Array): unknown => packr.unpack(bytes);
