/** Texts for people: sizes, numbers, ages. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `1.5 GiB`; one decimal below ten. */
export function size(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  const value = bytes / 2 ** (10 * power);
  return `${power === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${UNITS[power]}`;
}

/** `1,204`. */
export const number = (value: number): string => value.toLocaleString('en-US');

/** `3 links`, `1 link`. */
export const counted = (value: number, noun: string): string => `${number(value)} ${noun}${value === 1 ? '' : 's'}`;

/** `2026-11-28 14:03:12 UTC`; a dash for no time. */
export const time = (text: string | null): string =>
  text === null ? '-' : `${new Date(text).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

const AGES: Array<[seconds: number, unit: string]> = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'm'],
];

/** `3d`, `5h`, `20s`: how long ago; `in 20s` for what is to come. */
export function age(text: string, now = Date.now()): string {
  const seconds = Math.round((now - Date.parse(text)) / 1000);
  const [length, unit] = AGES.find(([length]) => Math.abs(seconds) >= length) ?? [1, 's'];
  const amount = `${Math.floor(Math.abs(seconds) / length)}${unit}`;
  return seconds < 0 ? `in ${amount}` : amount;
}

/** What others named cannot move the cursor, or the rest, of who reads it. */
export const harmless = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD');
