import type { TestBerth } from './berth.js';
import { Client, createToken, operator } from './client.js';
import { type RestAnswer, rest } from './rest.js';

const ALL = ['read:packages', 'write:packages', 'delete:packages', 'admin:org'];

/** A user with a token for everything that is not the operator's, as /v2 client and as REST client. */
export interface Person {
  login: string;
  token: string;
  v2: Client;
  rest(method: string, path: string, body?: unknown): Promise<RestAnswer>;
}

export async function createPerson(
  berth: TestBerth,
  login: string,
  { member, scopes = ALL }: { member?: Record<string, 'owner' | 'member'>; scopes?: string[] } = {},
): Promise<Person> {
  await operator(berth, 'POST', '/users', { login });
  for (const [organisation, role] of Object.entries(member ?? {})) {
    await operator(berth, 'POST', '/orgs', { login: organisation });
    await operator(berth, 'PUT', `/orgs/${organisation}/members/${login}`, { role });
  }
  const { token } = await createToken(berth, login, scopes);
  return {
    login,
    token,
    v2: new Client(berth, login, token),
    rest: (method, path, body) => rest(berth, token, path, { method, body }),
  };
}

/** What a client gets for pull, push and delete, as letters: `PWD`, `P--`, … */
export async function rightsOf(client: Client, name: string): Promise<string> {
  const pull = await client.v2(`/v2/${name}/tags/list`);
  const push = await client.v2(`/v2/${name}/blobs/uploads/`, { method: 'POST' });
  const remove = await client.v2(`/v2/${name}/manifests/none`, { method: 'DELETE' });
  return `${pull.ok ? 'P' : '-'}${push.ok ? 'W' : '-'}${remove.status === 404 ? 'D' : '-'}`;
}
