// The OpenAPI documents name every route of their API and no other, and are valid.
import { resolve } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBerth, type TestBerth } from '../support/berth.js';
import { ask } from '../support/raw.js';

// Decorators need tsc: what routes there are is read from the compiled program, by Nest's own metadata.
const { GatewayModule } = (await import(
  resolve(import.meta.dirname, '../../dist/apps/gateway/src/gateway.module.js')
)) as { GatewayModule: object };

const METHODS = ['get', 'post', 'put', 'delete', 'patch', 'all', 'options', 'head'];

interface Operation {
  summary: string;
  requestBody?: unknown;
  responses: Record<string, { content?: unknown }>;
}

interface OpenApi {
  servers: Array<{ url: string }>;
  paths: Record<string, Record<string, Operation>>;
}

/** `get /orgs/{org}/packages`, and the status of success. */
function routesBelow(prefix: string): Map<string, number> {
  const metadata = (key: string, of: object) => Reflect.getMetadata(key, of);
  const found = new Map<string, number>();
  for (const controller of metadata('controllers', GatewayModule) as Array<{ prototype: object }>) {
    for (const name of Object.getOwnPropertyNames(controller.prototype)) {
      const handler = (controller.prototype as Record<string, object>)[name];
      const verb = name === 'constructor' || !handler ? undefined : metadata('method', handler);
      if (verb === undefined || !handler) continue;
      for (const base of [metadata('path', controller)].flat()) {
        for (const end of [metadata('path', handler)].flat()) {
          const path = `/${[base, end].join('/').split('/').filter(Boolean).join('/')}`.replace(/:(\w+)/g, '{$1}');
          const status = metadata('__httpCode__', handler) ?? (METHODS[verb] === 'post' ? 201 : 200);
          if (path.startsWith(`${prefix}/`)) found.set(`${METHODS[verb]} ${path.slice(prefix.length)}`, status);
        }
      }
    }
  }
  return found;
}

let berth: TestBerth;

beforeAll(async () => {
  berth = await startBerth();
});

afterAll(async () => {
  expect(berth.log()).not.toContain('request failed');
  await berth.stop();
});

describe.each(['/api/v3', '/admin/v1'])('%s/openapi.json', (prefix) => {
  let document: OpenApi;

  beforeAll(async () => {
    const answer = await fetch(`${berth.url}${prefix}/openapi.json`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      expect.stringMatching(/^application\/json/),
    ]);
    document = (await answer.json()) as OpenApi;
  });

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, path, method, operation })),
    );

  it('is valid', async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(document) as never);
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
  });

  it('has every route, and no other', () => {
    const names = operations().map(({ name }) => name);
    expect(names.length).toBeGreaterThan(8);
    expect(names.sort()).toEqual([...routesBelow(prefix).keys()].sort());
  });

  it('says what each does and answers, and what it takes', () => {
    const routes = routesBelow(prefix);
    const isTold = operations().map(({ name, operation }) => [
      name,
      /\.\w+$/.test(operation.summary) ? 'undescribed' : 'told',
    ]);
    expect(isTold.filter(([, told]) => told !== 'told')).toEqual([]);
    for (const { name, operation } of operations()) {
      expect([name, Object.keys(operation.responses)]).toEqual([
        name,
        expect.arrayContaining([String(routes.get(name))]),
      ]);
    }
  });

  it('names routes that the server has: none says that there is no such address', async () => {
    for (const { name, path, method } of operations()) {
      const real = prefix + path.replace(/\{\w+\}/g, 'x');
      const { status } = await ask(berth, { method: method.toUpperCase(), path: real });
      expect([name, status]).toEqual([name, path === '/openapi.json' || path === '/rate_limit' ? 200 : 401]);
    }
  });
});
