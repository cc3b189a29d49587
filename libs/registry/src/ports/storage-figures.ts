/** How far a figure looks for others that use the same bytes: what its reader may see. */
export type FreedWithin = 'package' | 'namespace' | 'instance';

/** What deleting something does to storage, in bytes. */
export interface FreedBytes {
  /** Leave storage. */
  exclusive: number;
  /** Stay, as others use them still. */
  shared: number;
}
