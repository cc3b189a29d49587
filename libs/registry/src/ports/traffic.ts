/** Clients that push and pull: collection leaves them room while they are there. Known to all processes of a registry. */
export abstract class Traffic {
  /** A client asked for something. Called for each request: costs nothing, and never fails. */
  abstract note(): void;

  /** Whether a client asked within the last second or so, of whichever process. */
  abstract isThere(): Promise<boolean>;
}

/** Nobody is served. */
export class NoTraffic extends Traffic {
  override note(): void {}

  override async isThere(): Promise<boolean> {
    return false;
  }
}
