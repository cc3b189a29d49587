// The whole gateway in this process, on a real database, with every guard as it is and no handler: what a guard lets in is
// answered 299 before any handler, pipe or parameter is looked at.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { CanActivate, ExecutionContext, NestInterceptor, Type } from '@nestjs/common';
import { HttpException } from '@nestjs/common';
import { APP_INTERCEPTOR, DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import pino from 'pino';
import type { BearerTokens } from '#auth';
import { createDatabase } from '../support/berth.js';

/** Decorators need tsc: everything comes compiled, as the program runs it, and nothing twice. */
const DIST = resolve(import.meta.dirname, '../../dist');
const compiled = {
  auth: (await import(`${DIST}/libs/auth/src/index.js`)) as typeof import('#auth'),
  config: (await import(`${DIST}/libs/config/src/index.js`)) as typeof import('#config'),
  database: (await import(`${DIST}/libs/database/src/index.js`)) as typeof import('#database'),
  storage: (await import(`${DIST}/libs/storage/src/index.js`)) as typeof import('#storage'),
  adapters: (await import(
    `${DIST}/apps/all-in-one/src/local-adapters.module.js`
  )) as typeof import('../../apps/all-in-one/src/local-adapters.module.js'),
  gateway: (await import(
    `${DIST}/apps/gateway/src/gateway.module.js`
  )) as typeof import('../../apps/gateway/src/gateway.module.js'),
  server: (await import(
    `${DIST}/apps/gateway/src/http/create-gateway.js`
  )) as typeof import('../../apps/gateway/src/http/create-gateway.js'),
};

export const ADMITTED = 299;

/** One route as Nest knows it. */
export interface Route {
  /** `GET /v2/:name/tags/list` */
  name: string;
  method: string;
  path: string;
  handler: object;
  guards: Type<CanActivate>[];
}

export interface Gate {
  routes: Route[];
  app: NestFastifyApplication;
  tokens: BearerTokens;
  sql: Awaited<ReturnType<typeof createDatabase>>['sql'];
  /** Runs the handlers of these routes, by name; of no other. */
  running: Set<string>;
  /** Takes a guard away from one route while `work` runs. */
  without<T>(route: Route, guard: Type<CanActivate>, work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'ALL', 'OPTIONS', 'HEAD'];

export async function openGate(): Promise<Gate> {
  const database = await createDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'berth-matrix-'));
  await compiled.database.applyMigrations(database.url, resolve(import.meta.dirname, '../../prisma/migrations'));
  const prisma = compiled.database.createPrisma(database.url, { poolSize: 8 });
  const settings = compiled.config.readSettings({
    BERTH_RATE_LIMITS: 'off',
    BERTH_PUBLIC_URL: 'http://berth.test',
    BERTH_DATA_DIR: folder,
  });
  const log = pino({ level: 'silent' });
  const storage = await compiled.storage.openStorage(settings, log);

  const running = new Set<string>();
  const nameOf = new Map<object, string>();
  const stop: NestInterceptor = {
    intercept: (context, next) => {
      if (running.has(nameOf.get(context.getHandler()) ?? '')) return next.handle();
      throw new HttpException('admitted', ADMITTED);
    },
  };
  class Matrix {}
  const app = await compiled.server.createGateway(
    {
      module: Matrix,
      imports: [
        compiled.adapters.LocalAdaptersModule.for(settings, prisma, storage, log),
        compiled.gateway.GatewayModule,
      ],
      providers: [{ provide: APP_INTERCEPTOR, useValue: stop }],
    },
    log,
  );
  await app.getHttpAdapter().getInstance().ready();
  const routes = routesOf(app);
  for (const { handler, name } of routes) nameOf.set(handler, name);
  return {
    routes,
    app,
    tokens: app.get(compiled.auth.BearerTokens, { strict: false }),
    sql: database.sql,
    running,
    without: takeAway,
    close: async () => {
      await app.close();
      await prisma.$disconnect();
      await database.drop();
      await rm(folder, { recursive: true });
    },
  };
}

function routesOf(app: NestFastifyApplication): Route[] {
  const scanner = app.get(MetadataScanner);
  const routes: Route[] = [];
  for (const { instance, metatype } of app.get(DiscoveryService).getControllers()) {
    for (const key of scanner.getAllMethodNames(Object.getPrototypeOf(instance))) {
      const handler = instance[key];
      const paths: unknown = Reflect.getMetadata('path', handler);
      if (paths === undefined) continue;
      const method = METHODS[Reflect.getMetadata('method', handler)] ?? '?';
      const prefixes: unknown = Reflect.getMetadata('path', metatype as object);
      const guards = [
        ...(Reflect.getMetadata('__guards__', metatype as object) ?? []),
        ...(Reflect.getMetadata('__guards__', handler) ?? []),
      ];
      for (const prefix of [prefixes ?? '/'].flat()) {
        for (const path of [paths].flat()) {
          const whole = `/${prefix}/${path}`.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
          routes.push({ name: `${method} ${whole}`, method, path: whole, handler, guards });
        }
      }
    }
  }
  return routes;
}

async function takeAway<T>(route: Route, guard: Type<CanActivate>, work: () => Promise<T>): Promise<T> {
  const guarded = guard.prototype as CanActivate;
  const original = guarded.canActivate;
  guarded.canActivate = function (this: CanActivate, context: ExecutionContext) {
    return context.getHandler() === route.handler ? true : original.call(this, context);
  };
  try {
    return await work();
  } finally {
    guarded.canActivate = original;
  }
}
