import { styleText } from 'node:util';
import { isWatched, type Terminal } from '../terminal.js';
import { fitted } from './columns.js';
import { harmless } from './words.js';

/** Columns by their titles, and the rows under them. */
export interface Table {
  columns: string[];
  rows: string[][];
  /** Said in place of a table without rows. */
  none?: string;
}

/** Writes answers: JSON as Berth gave it for scripts, or text for people. */
export class Output {
  constructor(
    private readonly terminal: Terminal,
    readonly isJson: boolean,
  ) {}

  /** Where a bar may be drawn; undefined where nobody would see it. */
  get watched(): Terminal['stderr'] | undefined {
    return isWatched(this.terminal) ? this.terminal.stderr : undefined;
  }

  /** Answers on stdout; `text` says it in words, or as a table, where no JSON is asked for. */
  show(answer: unknown, text: () => string | Table): void {
    this.write(this.isJson ? JSON.stringify(answer, undefined, 2) : this.format(text()));
  }

  /** A word beside the answer, on stderr; not for scripts. */
  note(text: string): void {
    if (!this.isJson) this.terminal.stderr.write(`${text}\n`);
  }

  private write(text: string): void {
    this.terminal.stdout.write(`${text}\n`);
  }

  private format(text: string | Table): string {
    if (typeof text === 'string') return text;
    const { columns, rows, none = 'None.' } = text;
    if (rows.length === 0) return none;
    const { stdout } = this.terminal;
    // A pipe has no width, and whoever reads it wants all.
    const [head = '', ...lines] = fitted([columns, ...rows.map((row) => row.map(harmless))], stdout.columns);
    // Without colours where nobody sees them, or NO_COLOR says so.
    return [styleText('bold', head, { stream: stdout }), ...lines].join('\n');
  }
}

/** Names and values below each other: one thing, and not a list. */
export const facts = (of: Record<string, string>): string => {
  const width = Math.max(...Object.keys(of).map((name) => name.length));
  return Object.entries(of)
    .map(([name, value]) => `${`${name}:`.padEnd(width + 2)}${harmless(value)}`)
    .join('\n');
};
