/** How `berth` ends; docs/cli.md lists the same. */
export const EXIT = {
  done: 0,
  /** Berth refused, a run failed, or a check found something wrong. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  unreachable: 3,
  /** No token, or one that is not known. */
  login: 4,
  /** The token, or its owner, may not do this. */
  forbidden: 5,
  /** What the command line names is not there. */
  missing: 6,
  /** This program and the Berth that it speaks to are of different ages. */
  skew: 7,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

export type Outcome = keyof typeof EXIT;

/** What ends a command: what is the matter, and what to do about it. Neither holds a secret. */
export class Failure extends Error {
  constructor(
    readonly outcome: Outcome,
    message: string,
    readonly advice?: string,
  ) {
    super(message);
    this.name = 'Failure';
  }
}
