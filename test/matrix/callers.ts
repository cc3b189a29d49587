// The callers of the table, made in the database.
import {
  type AccessEntry,
  type BearerTokens,
  createAccessToken,
  hashToken,
  type Principal,
  type TokenScope,
} from '#auth';
import type { RepositoryName } from '#oci';
import type { Gate } from './gate.js';
import { COLUMNS, type Column } from './tables.js';

/** Under which name each kind of package is. */
export type Names = Record<Column, string>;

const namesOf = (prefix: string): Names => {
  const inAcme = COLUMNS.map((column) => [column, `acme/${prefix}${column}`]);
  return { ...(Object.fromEntries(inAcme) as Names), strict: `strict/${prefix}app` };
};

/** A package that was deleted and can be restored. */
export const DELETED = 'acme/deleted';

/** What a caller sends, and the packages that it is tried on. */
export interface Credentials {
  names: Names;
  /** The widest bearer token there is for each package. Undefined sends none. */
  bearer: Partial<Record<Column, string>> | undefined;
  /** The personal access token. */
  token: string | undefined;
  scopes: TokenScope[];
}

const SCOPES: Record<string, TokenScope> = {
  r: 'read:packages',
  w: 'write:packages',
  d: 'delete:packages',
  o: 'admin:org',
};
const ALL = Object.values(SCOPES);

type Sql = Gate['sql'];
const idOf = async (sql: Sql, text: string, values: unknown[]): Promise<number> =>
  (await sql<{ id: number }>(text, values))[0]?.id ?? Promise.reject(new Error(`no row: ${text}`));

const organisation = (sql: Sql, path: string, requiresSignOn = false) =>
  idOf(
    sql,
    `INSERT INTO namespaces (path, login, kind, requires_sso) VALUES ($1, $1, 'organisation', $2) RETURNING id`,
    [path, requiresSignOn],
  );

/** What the callers have roles on. */
export interface World {
  acme: number;
  other: number;
  strict: number;
  source: number;
  anotherSource: number;
  foreignSource: number;
  /** Those of all callers but of publishers who left: a package has one publisher. */
  names: Names;
  packages: Packages;
}

type Packages = Record<Exclude<Column, 'absent'>, number>;

export async function createWorld(sql: Sql): Promise<World> {
  const [acme, other, strict] = [
    await organisation(sql, 'acme'),
    await organisation(sql, 'other'),
    await organisation(sql, 'strict', true),
  ];
  const source = (namespace: number, name: string) =>
    idOf(sql, 'INSERT INTO sources (namespace_id, url) VALUES ($1, $2) RETURNING id', [
      namespace,
      `https://git.example/${name}`,
    ]);
  const [linkedSource, anotherSource, foreignSource] = [
    await source(acme, 'acme/app'),
    await source(acme, 'acme/another'),
    await source(other, 'other/app'),
  ];
  const names = namesOf('');
  const world = { acme, other, strict, source: linkedSource, anotherSource, foreignSource, names };
  const packages = await createPackages(sql, world, names);
  await sql(
    `INSERT INTO packages (namespace_id, published_at, deleted_at, purge_at, deleted_name)
     VALUES ($1, now(), now(), now() + interval '1 day', $2)`,
    [acme, DELETED],
  );
  return { ...world, packages };
}

async function createPackages(sql: Sql, world: Omit<World, 'packages'>, names: Names): Promise<Packages> {
  const packages: Partial<Packages> = {};
  for (const column of COLUMNS) {
    if (column === 'absent') continue;
    const visibility = column === 'internal' || column === 'public' ? column : 'private';
    const source = column === 'linked' || column === 'cut' ? world.source : null;
    packages[column] = await idOf(
      sql,
      `INSERT INTO packages (namespace_id, visibility, source_id, inherits, published_at) VALUES ($1, $2, $3, $4, now())
       RETURNING id`,
      [column === 'strict' ? world.strict : world.acme, visibility, source, column === 'linked'],
    );
    await sql('INSERT INTO package_names (full_name, package_id) VALUES ($1, $2)', [names[column], packages[column]]);
  }
  return packages as Packages;
}

/** Makes callers one after the other; each has a user, teams and tokens of its own. */
export class Callers {
  private count = 0;

  constructor(
    private readonly sql: Sql,
    private readonly tokens: BearerTokens,
    private readonly world: World,
  ) {}

  async create(caller: string): Promise<Credentials> {
    this.count++;
    if (caller === 'anonymous') return { names: this.world.names, bearer: undefined, token: undefined, scopes: [] };
    return caller.startsWith('workflow') ? this.workflow(caller) : this.user(caller);
  }

  private async workflow(caller: string): Promise<Credentials> {
    const { acme, other, anotherSource, foreignSource } = this.world;
    const isElsewhere = caller === 'workflow elsewhere';
    const namespaceId = isElsewhere ? other : acme;
    const role = /with (\w+)$/.exec(caller)?.[1];
    const sourceId = isElsewhere
      ? foreignSource
      : caller === 'workflow of the source' || caller.includes('trusted')
        ? this.world.source
        : caller === 'workflow of another source'
          ? anotherSource
          : await idOf(this.sql, 'INSERT INTO sources (namespace_id, url) VALUES ($1, $2) RETURNING id', [
              acme,
              `https://git.example/acme/${this.count}`,
            ]);
    const policyId = await idOf(
      this.sql,
      `INSERT INTO trust_policies (namespace_id, source_id, name, issuer, audience, conditions)
       VALUES ($1, $2, 'ci', 'https://issuer.example', 'berth', '{"sub": "*"}') RETURNING id`,
      [namespaceId, sourceId],
    );
    if (role)
      await this.onPackages(`INSERT INTO package_workflow_roles (package_id, source_id, role) VALUES ($1, $2, $3)`, [
        sourceId,
        role,
      ]);
    if (caller.includes('trusted')) await this.sql('DELETE FROM trust_policies WHERE id = $1', [policyId]);
    const { names } = this.world;
    const principal = { kind: 'workflow' as const, subject: `repo:${caller}`, policyId, sourceId, namespaceId };
    const bearer = await this.bearers(principal, names, true);
    // REST takes personal access tokens only: what a workflow sends there is its bearer token
    return { names, bearer, token: bearer.private, scopes: [] };
  }

  private async user(caller: string): Promise<Credentials> {
    const { acme, other, strict, packages } = this.world;
    const login = `user-${this.count}`;
    const userId = await idOf(this.sql, 'INSERT INTO users (login, login_key) VALUES ($1, $1) RETURNING id', [login]);
    await this.sql(`INSERT INTO namespaces (path, login, kind, user_id) VALUES ($1, $1, 'user', $2)`, [login, userId]);
    await this.giveMembership(caller, userId);
    await this.giveRoles(caller, userId);
    const token = createAccessToken();
    const scopes = scopesOf(caller);
    const confinedTo = caller.endsWith('to this one') ? acme : caller.endsWith('to another') ? other : null;
    const tokenId = await idOf(
      this.sql,
      `INSERT INTO access_tokens (user_id, name, hash, scopes, namespace_id, package_ids, expires_at, revoked_at)
       VALUES ($1, 't', $2, $3, $4, $5, $6, $7) RETURNING id`,
      [
        userId,
        Buffer.from(hashToken(token)),
        scopes,
        confinedTo,
        caller.endsWith('to one package') ? [packages.private] : null,
        caller.endsWith('expired') ? new Date(Date.now() - 1000) : null,
        caller.endsWith('revoked') ? new Date() : null,
      ],
    );
    if (caller.endsWith('signed on')) {
      await this.sql('INSERT INTO access_token_sso (token_id, namespace_id) VALUES ($1, $2)', [tokenId, strict]);
    }
    if (caller.endsWith('disabled')) await this.sql('UPDATE users SET disabled_at = now() WHERE id = $1', [userId]);
    const names = caller.startsWith('publisher') ? await this.publish(caller, userId) : this.world.names;
    const bearer = await this.bearers({ kind: 'user', userId, tokenId }, names, !caller.includes('lists nothing'));
    return { names, bearer, token, scopes };
  }

  /** Packages of its own for each publisher, as a package has one. */
  private async publish(caller: string, userId: number): Promise<Names> {
    const names = namesOf(caller.endsWith('left') ? 'left-' : 'own-');
    const packages = await createPackages(this.sql, this.world, names);
    for (const [column, id] of Object.entries(packages)) {
      if (column !== 'strict') await this.sql('UPDATE packages SET publisher_id = $1 WHERE id = $2', [userId, id]);
    }
    return names;
  }

  private async giveMembership(caller: string, userId: number): Promise<void> {
    const { acme, strict } = this.world;
    const isStrict = caller.includes('strict');
    const role = caller.startsWith('owner')
      ? 'owner'
      : /^(member|publisher$|team|source team)/.test(caller)
        ? 'member'
        : undefined;
    if (!role) return;
    await this.sql('INSERT INTO members (namespace_id, user_id, role) VALUES ($1, $2, $3)', [
      isStrict ? strict : acme,
      userId,
      role,
    ]);
  }

  private async giveRoles(caller: string, userId: number): Promise<void> {
    const { source } = this.world;
    const role = /(?:with|here,|source|team) (read|write|admin)\b/.exec(caller)?.[1];
    const byTeam = (table: string) => `INSERT INTO ${table} VALUES ($1, $2, $3)`;
    if (/^(user|member) with/.test(caller)) {
      await this.onPackages(`INSERT INTO package_roles (package_id, user_id, role) VALUES ($1, $2, $3)`, [
        userId,
        role,
      ]);
    } else if (caller.endsWith('at the source')) {
      const [here, there] = caller.startsWith('read') ? ['read', 'admin'] : ['admin', 'read'];
      await this.onPackages(`INSERT INTO package_roles (package_id, user_id, role) VALUES ($1, $2, $3)`, [
        userId,
        here,
      ]);
      await this.sql('INSERT INTO source_roles (source_id, user_id, role) VALUES ($1, $2, $3)', [
        source,
        userId,
        there,
      ]);
    } else if (/^source (read|write|admin)/.test(caller)) {
      await this.sql('INSERT INTO source_roles (source_id, user_id, role) VALUES ($1, $2, $3)', [source, userId, role]);
    } else if (caller.includes('team')) {
      const teamId = await this.team(caller, userId);
      if (caller.startsWith('source')) {
        await this.sql(byTeam('source_team_roles (source_id, team_id, role)'), [source, teamId, role]);
      } else {
        await this.onPackages(byTeam('package_team_roles (package_id, team_id, role)'), [teamId, role]);
      }
    }
  }

  /** The team that has the role; the user is in it, in one inside it or in one around it. */
  private async team(caller: string, userId: number): Promise<number> {
    const outer = await this.newTeam(`outer-${this.count}`, []);
    const inner = await this.newTeam(`inner-${this.count}`, [outer]);
    const ofUser = caller.includes('inside one') ? inner : outer;
    await this.sql('INSERT INTO team_members (team_id, user_id, namespace_id) VALUES ($1, $2, $3)', [
      ofUser,
      userId,
      this.world.acme,
    ]);
    return caller.includes('around one') ? inner : outer;
  }

  private newTeam(slug: string, around: number[]): Promise<number> {
    return idOf(
      this.sql,
      `INSERT INTO teams (id, namespace_id, slug, name, parent_id, lineage) OVERRIDING SYSTEM VALUE
       SELECT id, $1, $2, $2, $3, $4::int[] || id
       FROM (SELECT nextval(pg_get_serial_sequence('teams', 'id'))::int AS id) AS new RETURNING id`,
      [this.world.acme, slug, around.at(-1) ?? null, around],
    );
  }

  private async onPackages(statement: string, values: unknown[]): Promise<void> {
    for (const [column, id] of Object.entries(this.world.packages)) {
      if (column !== 'strict') await this.sql(statement, [id, ...values]);
    }
  }

  private async bearers(
    principal: Principal,
    names: Names,
    listsAll: boolean,
  ): Promise<Partial<Record<Column, string>>> {
    const bearers: Partial<Record<Column, string>> = {};
    for (const column of COLUMNS) {
      const name = names[column] as RepositoryName;
      const access: AccessEntry = { type: 'repository', name, actions: ['pull', 'push', 'delete'] };
      bearers[column] = (await this.tokens.issue(principal, listsAll ? [access] : [])).token;
    }
    return bearers;
  }
}

function scopesOf(caller: string): TokenScope[] {
  if (caller === 'administrator with nothing else') return ['admin:registry'];
  if (caller.startsWith('administrator')) return [...ALL, 'admin:registry'];
  const letters = /\[(.{4})\]/.exec(caller)?.[1];
  return letters === undefined ? ALL : [...letters].flatMap((letter) => SCOPES[letter] ?? []);
}
