// Every route, as every caller, on every kind of package, against a table that was written by hand; and then each guard taken
// away, which the table must notice. Real database, real guards; handlers do not run.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TokenScope } from '#auth';
import { Callers, type Credentials, createWorld, DELETED } from './callers.js';
import { type Cell, expectedStatus } from './expected.js';
import { ADMITTED, type Gate, openGate, type Route } from './gate.js';
import { CALLERS, COLUMNS, type Column, type Demand, type Rights, ROUTES } from './tables.js';

/** Refusals wait on purpose: many go on at a time. */
const AT_ONCE = 64;
const MINUTES = 60_000;

let gate: Gate;
const callers = new Map<string, Credentials>();

beforeAll(async () => {
  gate = await openGate();
  const world = await createWorld(gate.sql);
  const making = new Callers(gate.sql, gate.tokens, world);
  for (const { caller } of CALLERS) callers.set(caller, await making.create(caller));
}, 5 * MINUTES);

afterAll(async () => {
  await gate?.close();
});

const digest = `sha256:${'0'.repeat(64)}`;
/** What a parameter is whose form no guard looks at. */
const SOME_ID = '1';
const PARAMETERS: Record<string, string> = {
  digest,
  reference: digest,
  session: '00000000-0000-0000-0000-000000000000',
  package_type: 'container',
  org: 'acme',
  username: 'acme',
  organisation: 'acme',
  login: 'somebody',
  owner: 'acme',
  slug: 'some-team',
  tag: 'some-tag',
};

interface Trial extends Cell {
  route: Route;
  credentials: Credentials;
}

async function statusOf({ route, credentials, column, demand }: Trial): Promise<number> {
  const name = demand === 'rest restore' && column === 'absent' ? DELETED : credentials.names[column];
  const [owner = '', packageName = ''] = name.split('/');
  const url = route.path.replace(/:(\w+)/g, (_, parameter: string) => {
    if (parameter === 'name') return route.path.startsWith('/v2') ? name : packageName;
    if (parameter === 'package_name') return packageName;
    const value =
      ['org', 'username'].includes(parameter) && route.path.includes('/packages') ? owner : PARAMETERS[parameter];
    return value ?? SOME_ID;
  });
  const token = route.path.startsWith('/v2') ? credentials.bearer?.[column] : credentials.token;
  const { statusCode } = await gate.app
    .getHttpAdapter()
    .getInstance()
    .inject({ method: route.method as 'GET', url, headers: token ? { authorization: `Bearer ${token}` } : {} });
  return statusCode;
}

/** Which kinds of packages a route is tried on. What names no package is tried once. */
function columnsFor(route: Route, demand: Demand): readonly Column[] {
  if (route.path.startsWith('/v2/:name')) return COLUMNS;
  if (demand === 'rest restore') return ['private', 'absent'];
  if (!route.path.includes(':package_name')) return ['private'];
  if (route.path.includes('/orgs/')) return COLUMNS;
  return route.path.includes('/users/') ? ['private', 'public', 'absent'] : ['private'];
}

function* trialsOf(route: Route): Generator<Trial> {
  const demand = ROUTES.get(route.name) as Demand;
  const isOwn = route.path.startsWith('/api/v3/user/');
  for (const rights of CALLERS) {
    const credentials = callers.get(rights.caller) as Credentials;
    for (const column of columnsFor(route, demand)) {
      yield { route, demand, rights, credentials, scopes: credentials.scopes, column, isOwn };
    }
  }
}

const tell = ({ route, rights, column }: Trial, status: number, expected: number) =>
  `${route.name} as ${rights.caller} on ${column}: ${status}, not ${expected}`;

/** The cells whose answer is not the table's; at most `limit` of them. */
async function wrongAmong(
  trials: Iterator<Trial>,
  limit = Number.POSITIVE_INFINITY,
): Promise<{ cells: number; wrong: string[] }> {
  const wrong: string[] = [];
  let cells = 0;
  const work = async () => {
    for (let next = trials.next(); !next.done && wrong.length < limit; next = trials.next()) {
      const [status, expected] = [await statusOf(next.value), expectedStatus(next.value)];
      cells++;
      if (status !== expected) wrong.push(tell(next.value, status, expected));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { cells, wrong };
}

const routeOf = (name: string) => gate.routes.find((route) => route.name === name) as Route;

describe('the tables', () => {
  it('name every route that there is, and none that there is not', () => {
    const names = gate.routes.map(({ name }) => name);
    expect(
      names.filter((name) => !ROUTES.has(name)),
      'say in tables.ts what these demand',
    ).toEqual([]);
    expect([...ROUTES.keys()].filter((name) => !names.includes(name))).toEqual([]);
  });

  it('have a right for every caller and column', () => {
    expect(CALLERS.length).toBeGreaterThan(55);
    expect(CALLERS.filter(({ caller }) => caller === '')).toEqual([]);
    expect(new Set(CALLERS.map(({ caller }) => caller)).size).toBe(CALLERS.length);
    for (const { on } of CALLERS) for (const column of COLUMNS) expect(on[column]).toMatch(/^[P-][W-][D-][A-]$/);
  });
});

it(
  'every route answers every caller as the tables say',
  async () => {
    let total = 0;
    const wrong: string[] = [];
    for (const route of gate.routes) {
      if (!ROUTES.has(route.name)) continue;
      const result = await wrongAmong(trialsOf(route));
      total += result.cells;
      wrong.push(...result.wrong);
    }
    expect(wrong.slice(0, 40)).toEqual([]);
    expect(total).toBeGreaterThan(10_000);
  },
  9 * MINUTES,
);

describe('/token', () => {
  interface Answer {
    status: number;
    actions: string;
  }

  async function ask(rights: Rights, column: Column): Promise<Answer> {
    const { token, names } = callers.get(rights.caller) as Credentials;
    const basic = token && `Basic ${Buffer.from(`x:${token}`).toString('base64')}`;
    const { statusCode, body } = await gate.app
      .getHttpAdapter()
      .getInstance()
      .inject({
        url: `/token?service=any&scope=repository:${names[column]}:pull,push,delete`,
        headers: basic ? { authorization: basic } : {},
      });
    if (statusCode !== 200) return { status: statusCode, actions: '' };
    const claims = JSON.parse(Buffer.from(JSON.parse(body).token.split('.')[1], 'base64url').toString());
    return { status: statusCode, actions: (claims.access[0]?.actions ?? []).join(',') };
  }

  const expected = ({ isGone, on }: Rights, column: Column): Answer => {
    const words = { P: 'pull', W: 'push', D: 'delete' };
    const actions = Object.entries(words).flatMap(([letter, word]) => (on[column].includes(letter) ? [word] : []));
    return isGone ? { status: 401, actions: '' } : { status: 200, actions: actions.join(',') };
  };

  /** Workflows come with an OIDC token, not with one of these: they have tests of their own. */
  const askers = CALLERS.filter(({ caller }) => !caller.startsWith('workflow'));

  async function wrongAnswers(): Promise<string[]> {
    gate.running.add('GET /token');
    try {
      const cells = askers.flatMap((rights) => COLUMNS.map((column) => ({ rights, column })));
      const answers = await Promise.all(cells.map(({ rights, column }) => ask(rights, column)));
      return cells.flatMap(({ rights, column }, i) =>
        JSON.stringify(answers[i]) === JSON.stringify(expected(rights, column))
          ? []
          : [`${rights.caller}, ${column}: ${JSON.stringify(answers[i])}`],
      );
    } finally {
      gate.running.delete('GET /token');
    }
  }

  it('lists for every caller just what the tables say', async () => {
    expect(await wrongAnswers()).toEqual([]);
  });

  it('does not without its guard', async () => {
    const route = routeOf('GET /token');
    expect(route.guards).toHaveLength(1);
    for (const guard of route.guards) {
      expect((await gate.without(route, guard, wrongAnswers)).length, guard.name).toBeGreaterThan(0);
    }
  });
});

describe('without a guard', () => {
  /** Guards that let everybody in on routes that are open. */
  const IDLE = new Set(['GET /api/v3/rate_limit RestAccessGuard']);

  it(
    'no route answers as the tables say any more, whichever guard of whichever route it is',
    async () => {
      const unnoticed: string[] = [];
      let taken = 0;
      for (const route of gate.routes) {
        if (!ROUTES.has(route.name) || ROUTES.get(route.name) === 'open') continue;
        for (const guard of route.guards) {
          if (IDLE.has(`${route.name} ${guard.name}`)) continue;
          taken++;
          const { wrong } = await gate.without(route, guard, () => wrongAmong(trialsOf(route), 1));
          if (wrong.length === 0) unnoticed.push(`${route.name} without ${guard.name}`);
        }
      }
      expect(unnoticed).toEqual([]);
      expect(taken).toBeGreaterThan(150);
    },
    9 * MINUTES,
  );

  it('every route but the open ones has one', () => {
    const open = gate.routes.filter(({ guards }) => guards.length === 0).map(({ name }) => ROUTES.get(name));
    expect(new Set(open)).toEqual(new Set(['open']));
  });

  it('the answer is that of no handler', async () => {
    const { statusCode } = await gate.app.getHttpAdapter().getInstance().inject({ url: '/.well-known/jwks.json' });
    expect(statusCode).toBe(ADMITTED);
  });
});

it('scopes of the tables are those that tokens can have', () => {
  const all: TokenScope[] = ['read:packages', 'write:packages', 'delete:packages', 'admin:org', 'admin:registry'];
  expect(new Set([...callers.values()].flatMap(({ scopes }) => scopes))).toEqual(new Set(all));
});
