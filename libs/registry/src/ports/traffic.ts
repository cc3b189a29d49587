/** Requests that collection must leave time for. */
export abstract class Traffic {
  /** Whether there was some since somebody asked last. */
  abstract came(): boolean;
}

/** Others serve, of whom this process does not hear: there may be some at any time. */
export class UnseenTraffic extends Traffic {
  override came(): boolean {
    return true;
  }
}

/** Nobody is served. */
export class NoTraffic extends Traffic {
  override came(): boolean {
    return false;
  }
}
