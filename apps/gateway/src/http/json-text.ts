/** What no text column of PostgreSQL holds: a NUL, or half of a character that JSON writes as a pair of escapes. */
export const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

class Unstorable extends Error {}

/** Reads JSON in which every text can be stored. Answers what is wrong with it where something is. */
export function parseJsonText(text: string): { value: unknown } | { problem: string } {
  try {
    return {
      value: JSON.parse(text, (key, value: unknown) => {
        if (isStorable(key) && (typeof value !== 'string' || isStorable(value))) return value;
        throw new Unstorable();
      }),
    };
  } catch (error) {
    return { problem: error instanceof Unstorable ? 'a text in it holds a NUL or half a character' : 'it is not JSON' };
  }
}
