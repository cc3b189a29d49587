// The command line reaches all that the operator API offers, and asks for nothing else.
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { stageBerth } from './stage.js';

/** Calls that no command makes, and why none does. */
const LEFT_OUT: Record<string, string> = {
  'GET /openapi.json': 'every command asks for it that meets a call which Berth does not have',
  'POST /gc/pause': 'berth gc pause says the same by PATCH /gc',
  'POST /gc/resume': 'berth gc resume says the same by PATCH /gc',
};

const SOURCES = resolve(import.meta.dirname, '../../apps/cli/src');
const source = readFileSync(resolve(SOURCES, 'api/admin-api.ts'), 'utf8');
const { berth } = await stageBerth();

/** What each method of AdminApi calls. */
const calls = new Map(
  [...source.matchAll(/^ {2}(\w+) = \((?:(?!^ {2}\w+ = )[\s\S])*?'(GET|POST|PUT|PATCH|DELETE)', '([^']+)'/gm)].map(
    ([, name = '', method, path]) => [name, `${method} ${path}`],
  ),
);

let offered: Set<string>;

beforeAll(async () => {
  const { paths } = (await (await fetch(`${berth.url}/admin/v1/openapi.json`)).json()) as {
    paths: Record<string, object>;
  };
  offered = new Set(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    ),
  );
});

it('asks for nothing that Berth does not offer', () => {
  expect(calls.size).toBeGreaterThan(40);
  expect(source.match(/http\.call\w*</g)).toHaveLength(calls.size);
  expect([...calls.values()].filter((call) => !offered.has(call))).toEqual([]);
});

it('has a command for each of its calls', () => {
  const folder = resolve(SOURCES, 'commands');
  const commands = readdirSync(folder).map((file) => readFileSync(resolve(folder, file), 'utf8'));
  const isUsed = (name: string) => commands.some((text) => new RegExp(`(?:api|\\))\\s*\\.${name}\\b`).test(text));
  expect([...calls.keys()].filter((name) => !isUsed(name))).toEqual([]);
});

it('leaves nothing out that an operator can do, but what is named with its reason', () => {
  const reached = new Set(calls.values());
  expect([...offered].filter((call) => !reached.has(call)).sort()).toEqual(Object.keys(LEFT_OUT).sort());
});
