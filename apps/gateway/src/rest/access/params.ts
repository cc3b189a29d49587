import { createParamDecorator, type ExecutionContext, Param } from '@nestjs/common';
import { isNameComponent } from '#oci';
import { notFound } from '../rest-refusal.js';
import type { RestNamespace, RestRequest } from '../rest-request.js';

const requestOf = (context: ExecutionContext) => context.switchToHttp().getRequest<RestRequest>();

/** The namespace that the access guard let the caller into. */
export const NamespaceParam = createParamDecorator(
  (_: unknown, context: ExecutionContext): RestNamespace => requestOf(context).namespace,
);

/** A login or slug of the path. Errors: 404 for what none can be called. */
export const NameParam = (name: string) =>
  Param(name, { transform: (text: string): string => (isNameComponent(text.toLowerCase()) ? text : notFound()) });

/** An id of the path. Errors: 404 for what is none. */
export const IdParam = (name: string) =>
  Param(name, { transform: (text: string): number => (/^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : notFound()) });
