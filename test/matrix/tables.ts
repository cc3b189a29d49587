// Written by hand, and by nobody who looked at the code: what each route demands, and what each caller may do.

/** What a route demands of whom; `open` routes let everybody in, or judge in their handler. */
export type Demand =
  | 'open'
  | 'known'
  | 'pull'
  | 'push'
  | 'delete'
  | 'rest open'
  | 'rest known'
  | 'rest list'
  | 'rest read'
  | 'rest push'
  | 'rest delete'
  | 'rest administer'
  | 'rest restore'
  | 'rest look'
  | 'rest govern'
  | 'operator'
  /** Nobody without a browser that comes back from the OpenID provider; tests of its own let it in. */
  | 'sign-on';

const REST = '/api/v3';

/** Under `orgs/:org`, `users/:username` and `user` alike. */
const OF_EACH_OWNER: Array<[Demand, string, string]> = [
  ['rest list', 'GET', '/packages'],
  ['rest read', 'GET', '/packages/:package_type/:package_name'],
  ['rest delete', 'DELETE', '/packages/:package_type/:package_name'],
  ['rest restore', 'POST', '/packages/:package_type/:package_name/restore'],
  ['rest read', 'GET', '/packages/:package_type/:package_name/versions'],
  ['rest read', 'GET', '/packages/:package_type/:package_name/versions/:package_version_id'],
  ['rest delete', 'DELETE', '/packages/:package_type/:package_name/versions/:package_version_id'],
  ['rest delete', 'POST', '/packages/:package_type/:package_name/versions/deletions'],
  ['rest administer', 'POST', '/packages/:package_type/:package_name/versions/:package_version_id/restore'],
  ['rest administer', 'GET', '/packages/:package_type/:package_name/explain'],
  ['rest administer', 'GET', '/packages/:package_type/:package_name/refusals'],
  ['rest administer', 'GET', '/packages/:package_type/:package_name/tombstones'],
  ['rest read', 'GET', '/packages/:package_type/:package_name/tags/:tag/history'],
  ['rest push', 'PUT', '/packages/:package_type/:package_name/tags/:tag'],
  ['rest read', 'GET', '/packages/:package_type/:package_name/storage'],
  ['rest read', 'GET', '/packages/:package_type/:package_name/versions/:package_version_id/storage'],
  ['rest read', 'GET', '/packages/:package_type/:package_name/tags/:tag/storage'],
  ['rest administer', 'GET', '/packages/:package_type/:package_name/settings'],
  ['rest administer', 'PATCH', '/packages/:package_type/:package_name/settings'],
  ['rest administer', 'GET', '/packages/:package_type/:package_name/tag-rules'],
  ['rest administer', 'PUT', '/packages/:package_type/:package_name/tag-rules'],
  ['rest administer', 'GET', '/packages/:package_type/:package_name/retention'],
  ['rest delete', 'PUT', '/packages/:package_type/:package_name/retention'],
  ['rest delete', 'DELETE', '/packages/:package_type/:package_name/retention'],
  ['rest administer', 'GET', '/packages/:package_type/:package_name/retention/preview'],
  ['rest administer', 'POST', '/packages/:package_type/:package_name/retention/preview'],
  ['rest administer', 'GET', '/packages/:package_type/:package_name/access'],
  ['rest administer', 'PATCH', '/packages/:package_type/:package_name/access'],
  ['rest administer', 'GET', '/packages/:package_type/:package_name/access/roles'],
  ['rest administer', 'PUT', '/packages/:package_type/:package_name/access/roles/users/:login'],
  ['rest administer', 'DELETE', '/packages/:package_type/:package_name/access/roles/users/:login'],
  ['rest administer', 'PUT', '/packages/:package_type/:package_name/access/roles/teams/:slug'],
  ['rest administer', 'DELETE', '/packages/:package_type/:package_name/access/roles/teams/:slug'],
  ['rest administer', 'PUT', '/packages/:package_type/:package_name/access/roles/workflows/:source_id'],
  ['rest administer', 'DELETE', '/packages/:package_type/:package_name/access/roles/workflows/:source_id'],
];

/** Under `orgs/:org` and `users/:username`. */
const OF_EACH_NAMESPACE: Array<[Demand, string, string]> = [
  ['rest look', 'GET', '/sources'],
  ['rest govern', 'POST', '/sources'],
  ['rest look', 'GET', '/sources/:source_id'],
  ['rest govern', 'DELETE', '/sources/:source_id'],
  ['rest govern', 'GET', '/retention'],
  ['rest govern', 'PUT', '/retention'],
  ['rest govern', 'DELETE', '/retention'],
  ['rest govern', 'GET', '/retention/preview'],
  ['rest govern', 'POST', '/retention/preview'],
  ['rest look', 'GET', '/sources/:source_id/roles'],
  ['rest govern', 'PUT', '/sources/:source_id/roles/users/:login'],
  ['rest govern', 'DELETE', '/sources/:source_id/roles/users/:login'],
  ['rest govern', 'PUT', '/sources/:source_id/roles/teams/:slug'],
  ['rest govern', 'DELETE', '/sources/:source_id/roles/teams/:slug'],
];

const under = (prefixes: string[], rows: Array<[Demand, string, string]>): Array<[Demand, string]> =>
  prefixes.flatMap((prefix) =>
    rows.map(([demand, method, path]): [Demand, string] => [demand, `${method} ${REST}${prefix}${path}`]),
  );

export const ROUTES = new Map<string, Demand>(
  (
    [
      ['known', 'GET /v2'],
      ['known', 'HEAD /v2'],
      ['known', 'GET /v2/_catalog'],
      ['push', 'POST /v2/:name/blobs/uploads'],
      ['push', 'PATCH /v2/:name/blobs/uploads/:session'],
      ['push', 'PUT /v2/:name/blobs/uploads/:session'],
      ['push', 'GET /v2/:name/blobs/uploads/:session'],
      ['push', 'DELETE /v2/:name/blobs/uploads/:session'],
      ['push', 'POST /v2/:name/_berth/uploads'],
      ['push', 'GET /v2/:name/_berth/uploads/:session'],
      ['push', 'PUT /v2/:name/_berth/uploads/:session'],
      ['push', 'DELETE /v2/:name/_berth/uploads/:session'],
      ['pull', 'HEAD /v2/:name/blobs/:digest'],
      ['pull', 'GET /v2/:name/blobs/:digest'],
      ['delete', 'DELETE /v2/:name/blobs/:digest'],
      ['pull', 'GET /v2/:name/manifests/:reference'],
      ['pull', 'HEAD /v2/:name/manifests/:reference'],
      ['push', 'PUT /v2/:name/manifests/:reference'],
      ['delete', 'DELETE /v2/:name/manifests/:reference'],
      ['pull', 'GET /v2/:name/tags/list'],
      ['pull', 'GET /v2/:name/referrers/:digest'],
      ['open', 'GET /token'],
      ['open', 'POST /token'],
      ['open', 'GET /.well-known/jwks.json'],
      ['operator', 'GET /admin/v1/me'],
      ['operator', 'GET /admin/v1/users'],
      ['operator', 'GET /admin/v1/users/:login'],
      ['operator', 'GET /admin/v1/orgs'],
      ['operator', 'GET /admin/v1/orgs/:organisation/members'],
      ['operator', 'PATCH /admin/v1/users/:login/tokens/:id'],
      ['operator', 'POST /admin/v1/users/:login/tokens/:id/rotation'],
      ['operator', 'GET /admin/v1/keys'],
      ['operator', 'POST /admin/v1/keys/rotation'],
      ['operator', 'GET /admin/v1/maintenance'],
      ['operator', 'PATCH /admin/v1/maintenance'],
      ['operator', 'GET /admin/queues'],
      ['operator', 'GET /admin/queues/*'],
      ['operator', 'POST /admin/queues/*'],
      ['operator', 'PUT /admin/queues/*'],
      ['operator', 'PATCH /admin/queues/*'],
      ['operator', 'POST /admin/v1/users'],
      ['operator', 'POST /admin/v1/orgs'],
      ['operator', 'PUT /admin/v1/orgs/:organisation/members/:login'],
      ['operator', 'DELETE /admin/v1/orgs/:organisation/members/:login'],
      ['operator', 'POST /admin/v1/users/:login/tokens'],
      ['operator', 'DELETE /admin/v1/users/:login/tokens/:id'],
      ['operator', 'PATCH /admin/v1/packages/:owner/:name'],
      ['operator', 'GET /admin/v1/packages/:owner/:name/retention/preview'],
      ['operator', 'POST /admin/v1/packages/:owner/:name/retention/preview'],
      ['operator', 'GET /admin/v1/packages/:owner/:name/refusals'],
      ['operator', 'GET /admin/v1/packages/:owner/:name/tombstones'],
      ['operator', 'GET /admin/v1/namespaces/:owner/retention/preview'],
      ['operator', 'POST /admin/v1/namespaces/:owner/retention/preview'],
      ['operator', 'GET /admin/v1/audit-log'],
      ['operator', 'GET /admin/v1/explain'],
      ['operator', 'PATCH /admin/v1/users/:login'],
      ['operator', 'GET /admin/v1/users/:login/tokens'],
      ['operator', 'PUT /admin/v1/users/:login/identities'],
      ['open', 'GET /login'],
      ['open', 'POST /login'],
      ['open', 'POST /logout'],
      ['open', 'GET /login/sso'],
      ['sign-on', 'GET /login/sso/callback'],
      ['operator', 'GET /admin/v1/gc'],
      ['operator', 'PATCH /admin/v1/gc'],
      ['operator', 'POST /admin/v1/gc/pause'],
      ['operator', 'POST /admin/v1/gc/resume'],
      ['operator', 'GET /admin/v1/gc/log'],
      ['operator', 'GET /admin/v1/gc/runs'],
      ['operator', 'POST /admin/v1/gc/runs'],
      ['operator', 'GET /admin/v1/gc/runs/:id'],
      ['operator', 'GET /admin/v1/gc/runs/:id/log'],
      ['operator', 'GET /admin/v1/storage'],
      ['operator', 'GET /admin/v1/reconcile/runs'],
      ['operator', 'POST /admin/v1/reconcile/runs'],
      ['operator', 'GET /admin/v1/reconcile/runs/:id'],
      ['operator', 'GET /admin/v1/reconcile/runs/:id/findings'],
      ['operator', 'GET /admin/v1/scrub'],
      ['operator', 'PATCH /admin/v1/scrub'],
      ['operator', 'GET /admin/v1/scrub/passes'],
      ['operator', 'POST /admin/v1/scrub/passes'],
      ['operator', 'GET /admin/v1/scrub/damaged'],
      ['operator', 'GET /admin/v1/uploads'],
      ['operator', 'DELETE /admin/v1/uploads/:id'],
      ['operator', 'GET /admin/v1/object-deletions'],
      ['operator', 'POST /admin/v1/object-deletions/retry'],
      ['operator', 'GET /admin/v1/storage/namespaces'],
      ['operator', 'GET /admin/v1/storage/packages'],
      ['operator', 'GET /admin/v1/storage/packages/:owner/:name'],
      ['operator', 'GET /admin/v1/orgs/:organisation/trust-policies'],
      ['operator', 'POST /admin/v1/orgs/:organisation/trust-policies'],
      ['operator', 'DELETE /admin/v1/orgs/:organisation/trust-policies/:id'],
      ['rest open', `GET ${REST}/rate_limit`],
      ['rest known', `GET ${REST}/user`],
      ['rest known', `GET ${REST}/users/:username`],
      ['rest known', `GET ${REST}/orgs/:org`],
      ['open', `GET ${REST}/openapi.json`],
      ['open', 'GET /admin/v1/openapi.json'],
      ['rest known', `GET ${REST}/user/tokens`],
      ['rest known', `POST ${REST}/user/tokens`],
      ['rest known', `POST ${REST}/user/tokens/:token_id/rotation`],
      ['rest known', `DELETE ${REST}/user/tokens/:token_id`],
      ['rest known', `PUT ${REST}/user/tokens/:token_id/sso/:org`],
      ['rest known', `DELETE ${REST}/user/tokens/:token_id/sso/:org`],
      ['rest govern', `GET ${REST}/orgs/:org/audit-log`],
      ['rest govern', `GET ${REST}/orgs/:org/storage`],
      ['rest govern', `GET ${REST}/orgs/:org/trust-policies`],
      ['rest govern', `POST ${REST}/orgs/:org/trust-policies`],
      ['rest govern', `DELETE ${REST}/orgs/:org/trust-policies/:policy_id`],
      ['rest govern', `GET ${REST}/orgs/:org/sso`],
      ['rest govern', `PUT ${REST}/orgs/:org/sso`],
      ...under(['/orgs/:org', '/users/:username', '/user'], OF_EACH_OWNER),
      ...under(['/orgs/:org', '/users/:username'], OF_EACH_NAMESPACE),
      ['rest look', `GET ${REST}/orgs/:org/members`],
      ['rest look', `GET ${REST}/orgs/:org/memberships/:login`],
      ['rest govern', `PUT ${REST}/orgs/:org/memberships/:login`],
      ['rest govern', `DELETE ${REST}/orgs/:org/memberships/:login`],
      ['rest govern', `DELETE ${REST}/orgs/:org/members/:login`],
      ['rest look', `GET ${REST}/orgs/:org/teams`],
      ['rest govern', `POST ${REST}/orgs/:org/teams`],
      ['rest look', `GET ${REST}/orgs/:org/teams/:slug`],
      ['rest govern', `PATCH ${REST}/orgs/:org/teams/:slug`],
      ['rest govern', `DELETE ${REST}/orgs/:org/teams/:slug`],
      ['rest look', `GET ${REST}/orgs/:org/teams/:slug/teams`],
      ['rest look', `GET ${REST}/orgs/:org/teams/:slug/members`],
      ['rest look', `GET ${REST}/orgs/:org/teams/:slug/memberships/:login`],
      ['rest govern', `PUT ${REST}/orgs/:org/teams/:slug/memberships/:login`],
      ['rest govern', `DELETE ${REST}/orgs/:org/teams/:slug/memberships/:login`],
    ] as Array<[Demand, string]>
  ).map(([demand, route]) => [route, demand]),
);

/**
 * `cut` is linked as `linked` is, but does not inherit; `absent` is a name under which nothing was pushed; `strict` is private in
 * an organisation that demands single sign-on.
 */
export const COLUMNS = ['private', 'internal', 'public', 'linked', 'cut', 'absent', 'strict'] as const;
export type Column = (typeof COLUMNS)[number];

/**
 * P is pull, W is push, D is delete, A is administer; in the last column L is look at the organisation, G is govern it. Tokens
 * have all scopes of packages and of organisations, unless their letters stand in brackets: read, write, delete, organisation.
 */
const RIGHTS = `
  caller                          private internal public linked cut  absent strict  organisation
  anonymous                       ----    ----     P---   ----   ---- ----   ----    --
  stranger                        ----    ----     P---   ----   ---- ----   ----    --
  member                          ----    P---     P---   ----   ---- PW--   ----    L-
  owner                           PWDA    PWDA     PWDA   PWDA   PWDA PWDA   ----    LG
  owner whose bearer lists nothing PWDA   PWDA     PWDA   PWDA   PWDA PWDA   ----    LG
  publisher                       PWDA    PWDA     PWDA   PWDA   PWDA PW--   ----    L-
  publisher who left              ----    ----     P---   ----   ---- ----   ----    --
  user with read                  P---    P---     P---   P---   P--- ----   ----    --
  user with write                 PW--    PW--     PW--   PW--   PW-- ----   ----    --
  user with admin                 PWDA    PWDA     PWDA   PWDA   PWDA ----   ----    --
  member with read                P---    P---     P---   P---   P--- PW--   ----    L-
  member with write               PW--    PW--     PW--   PW--   PW-- PW--   ----    L-
  member with admin               PWDA    PWDA     PWDA   PWDA   PWDA PW--   ----    L-
  team with read                  P---    P---     P---   P---   P--- PW--   ----    L-
  team with write                 PW--    PW--     PW--   PW--   PW-- PW--   ----    L-
  team with admin                 PWDA    PWDA     PWDA   PWDA   PWDA PW--   ----    L-
  team inside one with read       P---    P---     P---   P---   P--- PW--   ----    L-
  team inside one with write      PW--    PW--     PW--   PW--   PW-- PW--   ----    L-
  team inside one with admin      PWDA    PWDA     PWDA   PWDA   PWDA PW--   ----    L-
  team around one with admin      ----    P---     P---   ----   ---- PW--   ----    L-
  source read                     ----    ----     P---   P---   ---- ----   ----    --
  source write                    ----    ----     P---   PW--   ---- ----   ----    --
  source admin                    ----    ----     P---   PWDA   ---- ----   ----    --
  source team read                ----    P---     P---   P---   ---- PW--   ----    L-
  source team write               ----    P---     P---   PW--   ---- PW--   ----    L-
  source team admin               ----    P---     P---   PWDA   ---- PW--   ----    L-
  source team inside one with write ----  P---     P---   PW--   ---- PW--   ----    L-
  read here, admin at the source  P---    P---     P---   PWDA   P--- ----   ----    --
  admin here, read at the source  PWDA    PWDA     PWDA   PWDA   PWDA ----   ----    --
  administrator                   PWDA    PWDA     PWDA   PWDA   PWDA PWDA   PWDA    LG
  administrator with nothing else ----    ----     P---   ----   ---- ----   ----    LG
  workflow of the source          ----    ----     P---   PW--   ---- PW--   ----    --
  workflow of another source      ----    ----     P---   ----   ---- PW--   ----    --
  workflow elsewhere              ----    ----     P---   ----   ---- ----   ----    --
  workflow with read              P---    P---     P---   P---   P--- PW--   ----    --
  workflow with write             PW--    PW--     PW--   PW--   PW-- PW--   ----    --
  workflow with admin             PWDA    PWDA     PWDA   PWDA   PWDA PW--   ----    --
  owner [----]                    ----    ----     P---   ----   ---- ----   ----    --
  owner [r---]                    P---    P---     P---   P---   P--- P---   ----    L-
  owner [-w--]                    PW-A    PW-A     PW-A   PW-A   PW-A PW-A   ----    L-
  owner [rw--]                    PW-A    PW-A     PW-A   PW-A   PW-A PW-A   ----    L-
  owner [--d-]                    --D-    --D-     P-D-   --D-   --D- --D-   ----    --
  owner [r-d-]                    P-D-    P-D-     P-D-   P-D-   P-D- P-D-   ----    L-
  owner [-wd-]                    PWDA    PWDA     PWDA   PWDA   PWDA PWDA   ----    L-
  owner [rwd-]                    PWDA    PWDA     PWDA   PWDA   PWDA PWDA   ----    L-
  owner [---o]                    ----    ----     P---   ----   ---- ----   ----    LG
  owner [r--o]                    P---    P---     P---   P---   P--- P---   ----    LG
  owner [-w-o]                    PW-A    PW-A     PW-A   PW-A   PW-A PW-A   ----    LG
  owner [rw-o]                    PW-A    PW-A     PW-A   PW-A   PW-A PW-A   ----    LG
  owner [--do]                    --D-    --D-     P-D-   --D-   --D- --D-   ----    LG
  owner [r-do]                    P-D-    P-D-     P-D-   P-D-   P-D- P-D-   ----    LG
  owner [-wdo]                    PWDA    PWDA     PWDA   PWDA   PWDA PWDA   ----    LG
  member with admin [r---]        P---    P---     P---   P---   P--- P---   ----    L-
  member with admin [--d-]        --D-    --D-     P-D-   --D-   --D- ----   ----    --
  owner, confined to this one     PWDA    PWDA     PWDA   PWDA   PWDA PWDA   ----    LG
  owner, confined to another      ----    ----     P---   ----   ---- ----   ----    --
  owner, confined to one package  PWDA    ----     P---   ----   ---- ----   ----    --
  administrator, confined to another ---- ----     P---   ----   ---- ----   ----    --
  owner of the strict one         ----    ----     P---   ----   ---- ----   ----    --
  owner of the strict one, signed on ---- ----     P---   ----   ---- ----   PWDA    --
  owner, revoked                  gone
  owner, expired                  gone
  owner, disabled                 gone
  workflow, no longer trusted     gone
`;

export interface Rights {
  caller: string;
  /** The token, user or trust policy is no more: a 401 everywhere. */
  isGone: boolean;
  on: Record<Column, string>;
  organisation: string;
}

export const CALLERS: Rights[] = RIGHTS.trim()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [, caller = '', cells = ''] = /^ *(.*?) +((?:[P-][W-][D-][A-] +){7}[L-][G-]|gone) *$/.exec(line) ?? [];
    const rights = cells.split(/ +/);
    const isGone = cells === 'gone';
    return {
      caller,
      isGone,
      on: Object.fromEntries(COLUMNS.map((column, i) => [column, isGone ? '----' : (rights[i] ?? '')])),
      organisation: isGone ? '--' : (rights[7] ?? ''),
    } as Rights;
  });
