import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { TombstoneAnswer } from '#contracts';
import { Tombstones } from '#registry';
import { Described } from '../http/described.js';
import { ExternalOrigin } from '../http/external-origin.js';
import type { Query as QueryValues } from '../http/gateway-request.js';
import { parsePage } from '../rest/paging.js';
import { RestAccess } from '../rest/rest-access.js';
import { PackageParam, type RestPackage, type RestRequest } from '../rest/rest-request.js';
import { tombstoneView } from './tombstone-view.js';

/** What was removed from a package, and who still asks for it. */
@Controller(
  ['orgs/:org', 'users/:username', 'user'].map(
    (owner) => `api/v3/${owner}/packages/:package_type/:package_name/tombstones`,
  ),
)
export class TombstonesController {
  constructor(
    private readonly tombstones: Tombstones,
    private readonly origin: ExternalOrigin,
  ) {}

  @Get()
  @RestAccess('administer')
  @Described({
    summary:
      'Lists tags and digests that were removed in the last 90 days, the last first, and who still asks for them',
    query: {
      after: 'The key that the page begins behind, from a Link header',
      per_page: '30 unless said, 100 at most',
    },
    answer: { status: 200, schema: z.array(TombstoneAnswer) },
  })
  async list(
    @PackageParam() { id }: RestPackage,
    @Query() query: QueryValues,
    @Req() request: RestRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TombstoneAnswer[]> {
    const { perPage, after } = parsePage(query);
    const { items, next } = await this.tombstones.list(id, { limit: perPage, after });
    if (next !== undefined) {
      const link = new URL(this.origin.of(request) + request.url);
      link.searchParams.set('after', next);
      reply.header('link', `<${link.href}>; rel="next"`);
    }
    return items.map(tombstoneView);
  }
}
