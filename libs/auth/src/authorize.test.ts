import { describe, expect, it } from 'vitest';
import type { Visibility } from '#registry';
import { type AccessFacts, NO_LIMITS, type PackageRole } from './access-facts.js';
import { ACTIONS, type Action, authorize, NAMESPACE_ACTIONS } from './authorize.js';
import { type Subject, TOKEN_SCOPES, type TokenScope } from './principal.js';

const PACKAGE_SCOPES = TOKEN_SCOPES.filter((scope) => !scope.startsWith('admin:'));

/**
 * What each caller may do, by the package's visibility; `absent` is a name under which nothing was pushed. P is pull, W is
 * push, D is delete, A is administer. Every token has all scopes that its caller can have.
 */
const TABLE = `
  caller                     private internal public absent
  anonymous                  ----    ----     P---   ----
  stranger                   ----    ----     P---   ----
  member                     ----    P---     P---   PW--
  member with read           P---    P---     P---
  member with write          PW--    PW--     PW--
  member with admin          PWDA    PWDA     PWDA
  member of team read        P---    P---     P---
  member of team write       PW--    PW--     PW--
  member of team admin       PWDA    PWDA     PWDA
  member inherits read       P---    P---     P---
  member inherits write      PW--    PW--     PW--
  member inherits admin      PWDA    PWDA     PWDA
  member who published       PWDA    PWDA     PWDA
  stranger with read         P---    P---     P---
  stranger with write        PW--    PW--     PW--
  stranger with admin        PWDA    PWDA     PWDA
  stranger inherits read     P---    P---     P---
  stranger inherits write    PW--    PW--     PW--
  stranger inherits admin    PWDA    PWDA     PWDA
  stranger who published     ----    ----     P---
  owner                      PWDA    PWDA     PWDA   PWDA
  user of the namespace      PWDA    PWDA     PWDA   PWDA
  administrator              PWDA    PWDA     PWDA   PWDA
  workflow                   ----    ----     P---   PW--
  workflow with read         P---    P---     P---
  workflow with write        PW--    PW--     PW--
  workflow with admin        PWDA    PWDA     PWDA
  workflow inherits write    PW--    PW--     PW--
  workflow, elsewhere        ----    ----     P---   ----
  stranger, name unowned                             ----
  workflow, name unowned                             ----
  administrator, name unowned                        PWDA
`;

const LETTERS: Record<Action, string> = { pull: 'P', push: 'W', delete: 'D', administer: 'A' };
const COLUMNS = ['private', 'internal', 'public', 'absent'] as const;

const rows = TABLE.trim()
  .split('\n')
  .slice(1)
  .flatMap((line) => {
    const caller = line.slice(0, 29).trim();
    const starts = [29, 37, 46, 53];
    return COLUMNS.map((visibility, i) => ({ caller, visibility, may: line.slice(starts[i], (starts[i] ?? 0) + 4) }));
  })
  .filter(({ may }) => may.trim() !== '');

/** The facts that a caller of the table comes with. */
function factsOf(caller: string, visibility: Visibility | 'absent', scopes: readonly TokenScope[]): AccessFacts {
  const role = caller.startsWith('member') ? 'member' : /^(owner|user)/.test(caller) ? 'owner' : undefined;
  const kind = caller.startsWith('user') ? 'user' : 'organisation';
  const roleFrom = (word: string) =>
    new RegExp(`${word} (read|write|admin)$`).exec(caller)?.[1] as PackageRole | undefined;
  const roles = { direct: roleFrom('with'), team: roleFrom('of team'), inherited: roleFrom('inherits') };
  return {
    subject: subjectOf(caller, scopes),
    limits: NO_LIMITS,
    namespace: caller.endsWith('unowned') ? undefined : { id: 3, kind, role },
    package:
      visibility === 'absent'
        ? undefined
        : { id: 7, visibility, roles, isPublisher: caller.endsWith('published'), isPublished: true },
  };
}

function subjectOf(caller: string, scopes: readonly TokenScope[]): Subject | undefined {
  if (caller === 'anonymous') return undefined;
  if (!caller.startsWith('workflow')) {
    return { kind: 'user', userId: 1, tokenId: 2, login: 'somebody', scopes: [...scopes] };
  }
  const namespaceId = caller.endsWith('elsewhere') ? 4 : 3;
  return { kind: 'workflow', subject: 'repo:acme/app', policyId: 5, sourceId: 6, namespaceId };
}

const fullScopes = (caller: string) => (caller.startsWith('administrator') ? TOKEN_SCOPES : PACKAGE_SCOPES);

/** Of the callers of the table, those whose rights are a personal access token's. */
const hasToken = (caller: string) => caller !== 'anonymous' && !caller.startsWith('workflow');

const subsets = (scopes: readonly TokenScope[]): TokenScope[][] =>
  Array.from({ length: 2 ** scopes.length }, (_, bits) => scopes.filter((_, i) => bits & (1 << i)));

it('has every caller and column that the table shows', () => {
  expect(rows).toHaveLength(8 * 4 + 21 * 3 + 3);
});

describe.each(rows)('$caller, $visibility', ({ caller, visibility, may }) => {
  it(`may ${may}`, () => {
    const facts = factsOf(caller, visibility, fullScopes(caller));
    const allowed = ACTIONS.map((action) => (authorize(action, facts).isAllowed ? LETTERS[action] : '-'));
    expect(allowed.join('')).toBe(may);
  });

  it('may do nothing under a name of one component', () => {
    const facts = factsOf(caller, visibility, fullScopes(caller));
    for (const action of ACTIONS) {
      expect(authorize(action, facts, false)).toEqual({ isAllowed: false, rule: 'no package in name' });
    }
  });

  it('may with a narrower token what that token says, and no more than with a wide one', () => {
    for (const scopes of subsets(PACKAGE_SCOPES)) {
      const isAdministrator = caller.startsWith('administrator');
      const facts = factsOf(caller, visibility, isAdministrator ? [...scopes, 'admin:registry'] : scopes);
      const allowed = ACTIONS.filter((action) => authorize(action, facts).isAllowed);
      const has = (scope: TokenScope) => scopes.includes(scope);
      const byScope: Record<Action, boolean> = {
        pull: has('read:packages') || has('write:packages') || visibility === 'public',
        push: has('write:packages'),
        delete: has('delete:packages'),
        administer: has('write:packages'),
      };
      expect(allowed).toEqual(
        ACTIONS.filter((action) => may.includes(LETTERS[action]) && (byScope[action] || !hasToken(caller))),
      );
    }
  });
});

it.each<[string, Visibility | 'absent', Action, string]>([
  ['administrator', 'private', 'pull', 'administrator'],
  ['owner', 'private', 'delete', 'namespace owner'],
  ['member who published', 'private', 'delete', 'first publisher'],
  ['stranger with write', 'private', 'push', 'role on the package'],
  ['member of team write', 'private', 'push', 'role of a team'],
  ['stranger inherits write', 'private', 'push', 'role inherited from the source'],
  ['workflow inherits write', 'private', 'push', 'workflow of the source'],
  ['workflow with write', 'private', 'push', 'role on the package'],
  ['workflow', 'absent', 'push', 'workflow may publish'],
  ['workflow, elsewhere', 'absent', 'push', 'no right'],
  ['member', 'absent', 'push', 'member may publish'],
  ['member', 'internal', 'pull', 'internal package'],
  ['anonymous', 'public', 'pull', 'public package'],
  ['administrator', 'public', 'pull', 'public package'],
  ['stranger', 'private', 'pull', 'no right'],
  ['anonymous', 'public', 'push', 'no right'],
  ['stranger, name unowned', 'absent', 'push', 'nobody owns the name'],
])('says of %s, %s, %s: %s', (caller, visibility, action, rule) => {
  expect(authorize(action, factsOf(caller, visibility, fullScopes(caller))).rule).toBe(rule);
});

it('tells a token that is too narrow from an owner who has no right', () => {
  const facts = factsOf('owner', 'private', ['read:packages']);
  expect(authorize('push', facts)).toEqual({ isAllowed: false, rule: 'token scope missing' });
});

describe('the highest role decides', () => {
  const LEVELS = [undefined, 'read', 'write', 'admin'] as const;
  const MAY = ['----', 'P---', 'PW--', 'PWDA'];
  const combinations = LEVELS.flatMap((direct) =>
    LEVELS.flatMap((team) => LEVELS.map((inherited) => ({ direct, team, inherited }))),
  );

  it.each(combinations)('direct $direct, team $team, inherited $inherited', (roles) => {
    const facts = factsOf('stranger', 'private', PACKAGE_SCOPES);
    if (facts.package) facts.package.roles = roles;
    const allowed = ACTIONS.map((action) => (authorize(action, facts).isAllowed ? LETTERS[action] : '-'));
    const highest = Math.max(...Object.values(roles).map((role) => LEVELS.indexOf(role)));
    expect(allowed.join('')).toBe(MAY[highest]);
  });
});

describe('a namespace', () => {
  const ORG = ['admin:org'] as const;
  it.each<[string, readonly TokenScope[], string]>([
    ['anonymous', [], '--'],
    ['stranger', ORG, '--'],
    ['stranger with admin', ORG, '--'],
    ['workflow', [], '--'],
    ['member', ORG, 'L-'],
    ['member', ['read:packages'], 'L-'],
    ['member', ['write:packages'], 'L-'],
    ['member', ['delete:packages'], '--'],
    ['owner', ORG, 'LG'],
    ['owner', PACKAGE_SCOPES, 'L-'],
    ['owner', ['delete:packages'], '--'],
    ['user of the namespace', ORG, 'LG'],
    ['administrator', ['admin:registry'], 'LG'],
    ['administrator, name unowned', ['admin:registry'], '--'],
  ])('%s with %j may %s (L is look, G is govern)', (caller, scopes, may) => {
    const facts = factsOf(caller, 'private', scopes);
    const allowed = NAMESPACE_ACTIONS.map((action) =>
      authorize(action, facts, false).isAllowed ? action.charAt(0).toUpperCase() : '-',
    );
    expect(allowed.join('')).toBe(may);
  });
});

describe('limits of a token', () => {
  const limited = (caller: string, limits: Partial<AccessFacts['limits']>, visibility: Visibility = 'private') => ({
    ...factsOf(caller, visibility, fullScopes(caller)),
    limits: { ...NO_LIMITS, ...limits },
  });

  it('confine whatever its owner may do, an administrator included', () => {
    for (const caller of ['owner', 'member with admin', 'administrator']) {
      for (const action of [...ACTIONS, ...NAMESPACE_ACTIONS]) {
        const decision = authorize(action, limited(caller, { isConfinedElsewhere: true }));
        expect(decision.isAllowed, `${caller} ${action}`).toBe(false);
      }
    }
    expect(authorize('pull', limited('owner', { isConfinedElsewhere: true })).rule).toBe('token confined elsewhere');
  });

  it('demand single sign-on of all but the administrator who overrides', () => {
    const withoutSignOn = (caller: string) => authorize('pull', limited(caller, { lacksSignOn: true }));
    expect(withoutSignOn('owner')).toEqual({ isAllowed: false, rule: 'token not authorised for single sign-on' });
    expect(withoutSignOn('administrator')).toEqual({ isAllowed: true, rule: 'administrator' });
  });

  it('leave public packages to everybody', () => {
    const facts = limited('owner', { isConfinedElsewhere: true, lacksSignOn: true }, 'public');
    expect(authorize('pull', facts).isAllowed).toBe(true);
    expect(authorize('push', facts).isAllowed).toBe(false);
  });

  it('do not concern workflows, which have no token of that kind', () => {
    const facts = limited('workflow inherits write', { isConfinedElsewhere: true, lacksSignOn: true });
    expect(authorize('push', facts)).toEqual({ isAllowed: true, rule: 'workflow of the source' });
  });
});

it('calls only that overriding which the administrator could not do otherwise', () => {
  const facts = factsOf('owner', 'private', TOKEN_SCOPES);
  expect(authorize('delete', facts).rule).toBe('namespace owner');
});
