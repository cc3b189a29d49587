/**
 * Rules for untagged manifests that changed: the time of each such manifest begins anew under the new rule. Which are left
 * stands in the database, so that whoever comes next goes on. Each method is one transaction.
 */
export abstract class UntaggedRules {
  /** Compares the instance's rule with the one that marks were written by; another one has all packages that go by it rewritten. */
  abstract noteInstanceRule(): Promise<void>;

  /** Rewrites at most `limit` marks, or tells as many packages. Answers whether there may be more. */
  abstract rewriteSome(limit: number): Promise<boolean>;
}
