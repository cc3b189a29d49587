import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { DiscoveryModule, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { expect, it } from 'vitest';
import { Policy } from '../v2/access-policy.js';
import { assertPolicies } from './assert-policies.js';

/** An application with one route; decorators are applied by hand, as this file is not compiled by tsc. */
async function applicationWith(...decorators: MethodDecorator[]) {
  class Doors {
    open(): string {
      return 'open';
    }
  }
  const handler = Object.getOwnPropertyDescriptor(Doors.prototype, 'open') as PropertyDescriptor;
  for (const decorate of decorators) decorate(Doors.prototype, 'open', handler);
  Controller('doors')(Doors);
  class Application {}
  Module({ imports: [DiscoveryModule], controllers: [Doors] })(Application);
  return NestFactory.create(Application, new FastifyAdapter(), { logger: false });
}

it('lets a route with a policy start', async () => {
  const app = await applicationWith(Get(), Policy('pull'));
  expect(() => assertPolicies(app)).not.toThrow();
});

it('keeps a route without a policy from starting', async () => {
  const app = await applicationWith(Get());
  expect(() => assertPolicies(app)).toThrow('route Doors.open states no access policy');
});

it('does not mind methods that are no routes', async () => {
  const app = await applicationWith();
  expect(() => assertPolicies(app)).not.toThrow();
});
