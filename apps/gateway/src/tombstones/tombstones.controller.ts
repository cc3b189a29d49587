import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { type TombstoneDetails, Tombstones } from '#registry';
import { Described } from '../http/described.js';
import { ExternalOrigin } from '../http/external-origin.js';
import type { Query as QueryValues } from '../http/gateway-request.js';
import { parsePage } from '../rest/paging.js';
import { RestAccess } from '../rest/rest-access.js';
import { PackageParam, type RestPackage, type RestRequest } from '../rest/rest-request.js';
import { restTime } from '../rest/rest-time.js';
import { describeRemover } from './remover.js';

const TombstoneSchema = z.object({
  reference: z.string().meta({ description: 'The tag or digest that was removed' }),
  kind: z.enum(['tag', 'digest']),
  digest: z.string().meta({ description: 'What the tag pointed at, or the digest itself' }),
  removed_at: z.string(),
  removed_by: z.string().nullable().meta({ description: 'Login, or workflow SUBJECT; null: a rule did' }),
  rule: z.string().nullable().meta({ description: 'The rule that removed it; null: somebody did' }),
  restorable_until: z.string().nullable().meta({ description: 'null: it is final' }),
  version_id: z.int().nullable().meta({ description: 'The version whose restoring brings it back; null: it is final' }),
  asked: z.int().meta({ description: 'How often it was asked for since' }),
  last_asked_at: z.string().nullable(),
  last_asked_by: z.string().nullable().meta({ description: 'Login, workflow SUBJECT, or anonymous' }),
});
type Answer = z.output<typeof TombstoneSchema>;

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
    answer: { status: 200, schema: z.array(TombstoneSchema) },
  })
  async list(
    @PackageParam() { id }: RestPackage,
    @Query() query: QueryValues,
    @Req() request: RestRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Answer[]> {
    const { perPage, after } = parsePage(query);
    const { items, next } = await this.tombstones.list(id, { limit: perPage, after });
    if (next !== undefined) {
      const link = new URL(this.origin.of(request) + request.url);
      link.searchParams.set('after', next);
      reply.header('link', `<${link.href}>; rel="next"`);
    }
    return items.map(view);
  }
}

function view({ reference, digest, removedBy, ...tombstone }: TombstoneDetails): Answer {
  const { by, rule } = describeRemover(removedBy);
  const time = (at: Date | undefined) => (at ? restTime(at) : null);
  return {
    reference,
    kind: reference.includes(':') ? 'digest' : 'tag',
    digest,
    removed_at: restTime(tombstone.removedAt),
    removed_by: by,
    rule,
    restorable_until: time(tombstone.restorableUntil),
    version_id: tombstone.versionId ?? null,
    asked: tombstone.asked,
    last_asked_at: time(tombstone.askedAt),
    last_asked_by: tombstone.askedBy ?? null,
  };
}
