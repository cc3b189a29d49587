/** What collection leaves to requests. */
export interface Room {
  /** Part of a batch's usual rows that it takes at once. */
  share: number;
  /** After a batch it rests so many times as long as that took, `maxRestMs` at most. */
  rest: number;
  maxRestMs: number;
}

/** Nobody waits for an answer. */
export const ALL_ROOM: Room = { share: 1, rest: 0, maxRestMs: 0 };

/** Requests that collection must leave time for. */
export abstract class Traffic {
  /** As of what came since somebody asked last. */
  abstract room(): Room;
}

/** Others serve, of whom this process does not hear: there may be some at any time. They share the database with it, and nothing else. */
export class UnseenTraffic extends Traffic {
  override room(): Room {
    return { share: 1, rest: 4, maxRestMs: 150 };
  }
}

/** Nobody is served. */
export class NoTraffic extends Traffic {
  override room(): Room {
    return ALL_ROOM;
  }
}
