import { z } from 'zod';
import type { Route } from './openapi-routes.js';

/** An API whose document is made. */
export interface Api {
  title: string;
  /** `/api/v3`: its routes are those below. */
  prefix: string;
  /** Type and schema of its refusals. */
  errorType: string;
  errorSchema: object;
}

/** Statuses that any route may answer. */
const USUAL = {
  401: 'No token, or a bad one',
  403: 'The token or its owner may not do this',
  404: 'There is no such thing, or the caller may not see it',
};

/** The OpenAPI 3.1 document of an API, from what its routes state: the schemas are those that the routes themselves use. */
export function openApiDocument({ title, prefix, errorType, errorSchema }: Api, routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    if (!route.path.startsWith(`${prefix}/`)) continue;
    const path = route.path.slice(prefix.length).replace(/:([a-z_]+)/gi, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operationOf(route, path, errorType) };
  }
  return {
    openapi: '3.1.0',
    info: { title, version: '1' },
    servers: [{ url: prefix }],
    security: [{ bearer: [] }, { basic: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A personal access token' },
        basic: { type: 'http', scheme: 'basic', description: 'Any user name, a personal access token as password' },
      },
      schemas: { Error: errorSchema },
    },
  };
}

function operationOf({ method, handler, status, policy, description }: Route, path: string, errorType: string): object {
  const { summary = handler, query = {}, body, answer, errors = {} } = description ?? {};
  const refusals = { ...USUAL, ...(body && { 400: 'The body does not fit' }), ...errors };
  const refusal = { content: { [errorType]: { schema: { $ref: '#/components/schemas/Error' } } } };
  return {
    operationId: `${method} ${path}`,
    summary,
    ...(policy === 'anyone' ? { security: [] } : { description: `Demands: ${policy}.` }),
    parameters: [
      ...[...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => ({
        name,
        in: 'path',
        required: true,
        schema: { type: 'string' },
      })),
      ...Object.entries(query).map(([name, meaning]) => ({
        name,
        in: 'query',
        description: meaning,
        schema: { type: 'string' },
      })),
    ],
    ...(body && {
      requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(body, 'input') } } },
    }),
    responses: {
      [status]: {
        description: 'Done',
        ...(answer?.schema && { content: { 'application/json': { schema: jsonSchema(answer.schema, 'output') } } }),
      },
      ...Object.fromEntries(Object.entries(refusals).map(([code, when]) => [code, { description: when, ...refusal }])),
    },
  };
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
