/** Refusals of one kind on one package, counted. */
export interface RefusalCount {
  packageId: number;
  /** Login of a user, `workflow SUBJECT`, or `anonymous`. */
  identity: string;
  action: string;
  /** The rule that decided. */
  rule: string;
  count: number;
}

export interface Refusal extends Omit<RefusalCount, 'packageId'> {
  firstAt: Date;
  lastAt: Date;
}

/** Who was refused what on packages that are there: for their admins to see why somebody does not get in. */
export abstract class RefusalStore {
  /**
   * Adds to the counts, at most 1,000 at a time. A package keeps 200 kinds of refusals, each for 30 days after the last: what
   * comes beyond is not kept, so that strangers fill no table.
   */
  abstract record(refusals: RefusalCount[]): Promise<void>;

  /** All that are kept of a package, the latest first. */
  abstract list(packageId: number): Promise<Refusal[]>;
}
