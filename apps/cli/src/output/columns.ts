const GAP = '  ';
/** What is left of a cell at first: a time is whole with it. */
const WIDE = 23;
/** And in the end: still enough to tell one from another. */
const NARROW = 12;

/**
 * Lines of a table whose first row is its titles. Where they are wider than `room`, cells of the widest columns are cut and end in …; a
 * table that is too wide even then stays so, and wraps.
 */
export function fitted(table: string[][], room: number | undefined): string[] {
  const widths = (table[0] ?? []).map((_, i) => Math.max(...table.map((row) => row[i]?.length ?? 0)));
  const allowed = room === undefined ? widths : narrowed(widths, room - GAP.length * (widths.length - 1));
  return table.map((row) =>
    row
      .map((cell, i) => cut(cell, allowed[i] ?? 0).padEnd(allowed[i] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}

/** The widest give way first, all to the same; then the last ones, which say least of what a row is about. */
function narrowed(widths: number[], room: number): number[] {
  let limit = Math.max(WIDE, ...widths);
  const within = () => widths.map((width) => Math.min(width, limit));
  while (limit > WIDE && sum(within()) > room) limit--;
  const allowed = within();
  for (let i = allowed.length - 1; i >= 0; i--) {
    const width = allowed[i] ?? 0;
    allowed[i] = Math.max(Math.min(width, NARROW), width - Math.max(0, sum(allowed) - room));
  }
  return allowed;
}

const sum = (numbers: number[]): number => numbers.reduce((total, value) => total + value, 0);
const cut = (cell: string, width: number): string => (cell.length <= width ? cell : `${cell.slice(0, width - 1)}…`);
