import type { Framework, Strategy } from 'passport';

type Verdict = (error: unknown, user?: object | false) => void;

interface Strategies {
  /** Undefined where no strategy of this name was registered. */
  _strategy(name: string): Strategy | undefined;
}

/**
 * How passport runs a strategy for a request of Fastify's: the strategy's copy for this request hears what becomes of it, and the guard
 * is told. Strategies here succeed, fail or break; none redirects, passes or touches the response.
 *
 * Passport's own, for Express, writes new functions straight into properties of each copy. V8 takes such functions for lasting and
 * makes them among its old objects: all that the request reached stayed in memory until a full collection, and was copied
 * there by the short ones, 20 ms at a time (ADR 49). These functions come to their copy from a literal, and go with the request.
 */
function authenticate(strategies: Strategies, name: string, _options: unknown, verdict: Verdict) {
  return (request: unknown): void => {
    const strategy = strategies._strategy(name);
    if (!strategy) throw new Error(`no strategy '${name}' is registered`);
    const outcomes = {
      success: (user: object) => verdict(null, user),
      fail: () => verdict(null, false),
      error: (error: unknown) => verdict(error),
    };
    Object.assign(Object.create(strategy), outcomes).authenticate(request);
  };
}

/** To be told to passport before a guard asks it. */
export const PASSPORT_FRAMEWORK: Framework = {
  initialize: () => () => undefined, // nothing is kept in sessions
  authenticate: authenticate as unknown as Framework['authenticate'],
};
