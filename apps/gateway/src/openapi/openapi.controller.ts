import { Controller, Get } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { z } from 'zod';
import { Described } from '../http/described.js';
import { Policy } from '../v2/access-policy.js';
import { type Api, openApiDocument } from './openapi-document.js';
import { routesOf } from './openapi-routes.js';

const REST: Api = {
  title: 'Berth: Packages REST API',
  prefix: '/api/v3',
  errorType: 'application/json',
  errorSchema: {
    type: 'object',
    required: ['message', 'documentation_url', 'status'],
    properties: { message: { type: 'string' }, documentation_url: { type: 'string' }, status: { type: 'string' } },
  },
};

const OPERATOR: Api = {
  title: 'Berth: operator API',
  prefix: '/admin/v1',
  errorType: 'application/problem+json',
  errorSchema: {
    type: 'object',
    required: ['type', 'status', 'title', 'request_id'],
    properties: {
      type: { type: 'string' },
      status: { type: 'integer' },
      title: { type: 'string' },
      detail: { type: 'string' },
      request_id: { type: 'string' },
    },
  },
};

const Document = z.record(z.string(), z.unknown());

/** What the two APIs have to offer, for tools that read OpenAPI. It says nothing about this registry, so anybody may. */
@Controller()
export class OpenApiController {
  private readonly documents = new Map<Api, object>();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  @Get('api/v3/openapi.json')
  @Policy('anyone')
  @Described({ summary: 'This document', answer: { status: 200, schema: Document } })
  rest(): object {
    return this.documentOf(REST);
  }

  @Get('admin/v1/openapi.json')
  @Policy('anyone')
  @Described({ summary: 'This document', answer: { status: 200, schema: Document } })
  operator(): object {
    return this.documentOf(OPERATOR);
  }

  /** Routes do not change while Berth runs. */
  private documentOf(api: Api): object {
    const document = this.documents.get(api) ?? openApiDocument(api, routesOf(this.discovery, this.scanner));
    this.documents.set(api, document);
    return document;
  }
}
