import { RequestMethod } from '@nestjs/common';
import { HTTP_CODE_METADATA, METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import type { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { DESCRIPTION, type Description } from '../http/described.js';
import { ACCESS_POLICY, type AccessPolicy } from '../v2/access-policy.js';

/** One route of the gateway, as its decorators state it. */
export interface Route {
  /** `get`, `post`, … */
  method: string;
  /** `/api/v3/orgs/:org/packages`. */
  path: string;
  /** Controller and method: `VersionsController.list`. */
  handler: string;
  /** Of success. */
  status: number;
  policy: AccessPolicy | undefined;
  description: Description | undefined;
}

/** Every route of the controllers; one for each path where a controller has several. */
export function routesOf(discovery: DiscoveryService, scanner: MetadataScanner): Route[] {
  return discovery.getControllers().flatMap(({ instance, metatype, name }) => {
    const bases = paths(Reflect.getMetadata(PATH_METADATA, metatype ?? Object));
    return scanner.getAllMethodNames(Object.getPrototypeOf(instance)).flatMap((key) => {
      const handler = instance[key];
      const verb = Reflect.getMetadata(METHOD_METADATA, handler);
      if (verb === undefined) return [];
      const method = (RequestMethod[verb] ?? '').toLowerCase();
      const route = {
        method,
        handler: `${name}.${key}`,
        status: Reflect.getMetadata(HTTP_CODE_METADATA, handler) ?? (method === 'post' ? 201 : 200),
        policy: Reflect.getMetadata(ACCESS_POLICY, handler),
        description: Reflect.getMetadata(DESCRIPTION, handler),
      };
      const ends = paths(Reflect.getMetadata(PATH_METADATA, handler));
      return bases.flatMap((base) => ends.map((end) => ({ ...route, path: joined(base, end) })));
    });
  });
}

const paths = (value: string | string[] | undefined): string[] => [value ?? ''].flat();

const joined = (...parts: string[]) =>
  `/${parts
    .flatMap((part) => part.split('/'))
    .filter((part) => part !== '')
    .join('/')}`;
