import type { TestBerth } from './berth.js';

export interface RestAnswer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  body: any;
}

/** A call of the REST API with a token; `path` begins behind /api/v3. */
export async function rest(
  berth: TestBerth,
  token: string | undefined,
  path: string,
  { method = 'GET', body, authorization }: { method?: string; body?: unknown; authorization?: string } = {},
): Promise<RestAnswer> {
  const credentials = authorization ?? (token === undefined ? undefined : `Bearer ${token}`);
  const answer = await fetch(`${berth.url}/api/v3${path}`, {
    method,
    headers: {
      ...(credentials !== undefined && { authorization: credentials }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) };
}
