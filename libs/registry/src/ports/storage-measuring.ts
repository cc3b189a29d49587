/**
 * The worker's side of storage use: a walk over all blobs, then all manifests, that sums up what each package and namespace
 * stores. Each method is one transaction; several workers may do one walk together, and whoever is killed loses a batch.
 */
export abstract class StorageMeasuring {
  /** Begins a measurement unless one is under way or the last is fresh enough. Answers whether one is under way now. */
  abstract begin(): Promise<boolean>;

  /** Adds up the next blobs or manifests, at most `limit`. `done` with the last, and where nothing is under way. */
  abstract step(limit: number): Promise<'more' | 'done'>;

  /** Drops sums of old measurements, at most `limit`; a reader may be on its way through the last but one. Answers how many. */
  abstract trim(limit: number): Promise<number>;
}
