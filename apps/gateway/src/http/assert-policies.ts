import type { INestApplication } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { ACCESS_POLICY } from '../v2/access-policy.js';

const PATH = 'path'; // the metadata that Nest's route decorators leave

/** Throws for a route that states no policy: forgetting one must not open a door. */
export function assertPolicies(app: INestApplication): void {
  const reflector = app.get(Reflector);
  const scanner = app.get(MetadataScanner);
  for (const { instance, name } of app.get(DiscoveryService).getControllers()) {
    for (const method of scanner.getAllMethodNames(Object.getPrototypeOf(instance))) {
      const handler = instance[method];
      const isRoute = Reflect.getMetadata(PATH, handler) !== undefined;
      if (isRoute && reflector.get(ACCESS_POLICY, handler) === undefined) {
        throw new Error(
          `route ${name}.${method} states no access policy: add @Access, @RestAccess, @OperatorsOnly or @Policy`,
        );
      }
    }
  }
}
