import { describe, expect, it } from 'vitest';
import type { Visibility } from '#registry';
import type { AccessFacts, PackageRole } from './access-facts.js';
import { ACTIONS, type Action, authorize } from './authorize.js';
import { TOKEN_SCOPES, type TokenHolder, type TokenScope } from './principal.js';

const PACKAGE_SCOPES = TOKEN_SCOPES.filter((scope) => scope !== 'admin:registry');

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
  member who published       PWDA    PWDA     PWDA
  stranger with read         P---    P---     P---
  stranger with write        PW--    PW--     PW--
  stranger with admin        PWDA    PWDA     PWDA
  stranger who published     PWDA    PWDA     PWDA
  owner                      PWDA    PWDA     PWDA   PWDA
  user of the namespace      PWDA    PWDA     PWDA   PWDA
  administrator              PWDA    PWDA     PWDA   PWDA
  stranger, name unowned                             ----
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
  const subject: TokenHolder | undefined =
    caller === 'anonymous' ? undefined : { userId: 1, tokenId: 2, login: 'somebody', scopes: [...scopes] };
  const role = caller.startsWith('member') ? 'member' : /^(owner|user)/.test(caller) ? 'owner' : undefined;
  const kind = caller.startsWith('user') ? 'user' : 'organisation';
  return {
    subject,
    namespace: caller.endsWith('unowned') ? undefined : { kind, role },
    package:
      visibility === 'absent'
        ? undefined
        : {
            id: 7,
            visibility,
            role: /with (read|write|admin)$/.exec(caller)?.[1] as PackageRole | undefined,
            isPublisher: caller.endsWith('published'),
            isPublished: true,
          },
  };
}

const fullScopes = (caller: string) => (caller.startsWith('administrator') ? TOKEN_SCOPES : PACKAGE_SCOPES);

const subsets = (scopes: readonly TokenScope[]): TokenScope[][] =>
  Array.from({ length: 2 ** scopes.length }, (_, bits) => scopes.filter((_, i) => bits & (1 << i)));

it('has every caller and column that the table shows', () => {
  expect(rows).toHaveLength(6 * 4 + 8 * 3 + 2);
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
        ACTIONS.filter((action) => may.includes(LETTERS[action]) && (byScope[action] || caller === 'anonymous')),
      );
    }
  });
});

it.each<[string, Visibility | 'absent', Action, string]>([
  ['administrator', 'private', 'pull', 'administrator'],
  ['owner', 'private', 'delete', 'namespace owner'],
  ['member who published', 'private', 'delete', 'first publisher'],
  ['stranger with write', 'private', 'push', 'role on the package'],
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
