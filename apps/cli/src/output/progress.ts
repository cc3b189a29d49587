import { progress } from '@clack/prompts';
import { EXIT, Failure } from '../failure.js';
import type { Terminal } from '../terminal.js';
import type { Output } from './output.js';

const FIRST_LOOK_MS = 250;
const LONGEST_PAUSE_MS = 2000;
/** How often the same step says how far it is. */
const LINE_MS = 15_000;
/** A Berth that restarts comes back in this time. */
const MAX_AWAY_MS = 120_000;

/** How far something long is. */
export interface Progress {
  /** Steps that are done, of `of`. */
  done: number;
  of: number;
  words: string;
}

/**
 * Looks at something long until it has ended, and draws a bar where somebody watches; into a log go lines, for scripts that read JSON
 * nothing. A Berth that is away for a while is asked again. Ctrl-C ends the watching, not what is watched. Errors: what `look` throws.
 */
export async function follow<T>(
  look: () => Promise<T>,
  { isEnded, progressOf, out }: { isEnded: (state: T) => boolean; progressOf: (state: T) => Progress; out: Output },
): Promise<T> {
  const shown = out.watched ? new Bar(out.watched) : new Lines(out);
  try {
    for (let pause = FIRST_LOOK_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
      const state = await patiently(look);
      shown.show(progressOf(state));
      if (isEnded(state)) return state;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  } finally {
    shown.clear();
  }
}

async function patiently<T>(look: () => Promise<T>): Promise<T> {
  const giveUpAt = Date.now() + MAX_AWAY_MS;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      const isAway = error instanceof Failure && error.outcome === 'unreachable';
      if (!isAway || Date.now() > giveUpAt) throw error;
      await new Promise((resolve) => setTimeout(resolve, LONGEST_PAUSE_MS));
    }
  }
}

/** A line at first, one for each step, and now and then one between. */
class Lines {
  private done = -1;
  private words = '';
  private saidAt = 0;

  constructor(private readonly out: Output) {}

  show({ done, words }: Progress): void {
    const isDue = done !== this.done || Date.now() - this.saidAt >= LINE_MS;
    if (!isDue || words === this.words) return;
    [this.done, this.words, this.saidAt] = [done, words, Date.now()];
    this.out.note(words);
  }

  clear(): void {}
}

/** clack's bar, which is told of its size when it begins and then of each step. */
class Bar {
  private drawn: ReturnType<typeof progress> | undefined;
  private done = 0;
  /** The bar reads keys, and takes Ctrl-C for an end in good order. */
  private readonly interrupted = () => {
    process.exitCode = EXIT.interrupted;
  };

  constructor(private readonly stream: Terminal['stderr']) {}

  show({ done, of, words }: Progress): void {
    if (!this.drawn) {
      process.on('exit', this.interrupted);
      this.drawn = progress({
        max: of,
        output: this.stream,
        withGuide: false,
        onCancel: () => process.exit(EXIT.interrupted),
      });
      this.drawn.start(words);
    }
    this.drawn.advance(Math.max(0, done - this.done), words);
    this.done = Math.max(this.done, done);
  }

  clear(): void {
    process.off('exit', this.interrupted);
    this.drawn?.clear();
  }
}
