import { Controller, Get, Param, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { parseDigest, parseTag } from '#oci';
import { TagStore } from '#registry';
import { Described } from '../http/described.js';
import { ExternalOrigin } from '../http/external-origin.js';
import { numbered, pageLinks, parsePage } from './paging.js';
import { RestAccess } from './rest-access.js';
import { readRestJson } from './rest-json.js';
import { RestRefusal } from './rest-refusal.js';
import { PackageParam, type RestPackage, type RestRequest } from './rest-request.js';
import { restTime } from './rest-time.js';

const Target = z.strictObject({ digest: z.string().max(200) });
const TagAnswer = z.object({ name: z.string(), digest: z.string() });
const Change = z.object({
  at: z.string(),
  from: z.string().nullable().meta({ description: 'Digest it pointed at before; null: it was new' }),
  to: z.string().nullable().meta({ description: 'Digest it points at since; null: it was deleted' }),
  actor: z.string(),
});

/** What a tag pointed at, when and by whom; and putting it back. */
@Controller(
  ['orgs/:org', 'users/:username', 'user'].map((owner) => `api/v3/${owner}/packages/:package_type/:package_name/tags`),
)
export class RestTagsController {
  constructor(
    private readonly tags: TagStore,
    private readonly origin: ExternalOrigin,
  ) {}

  @Get(':tag/history')
  @RestAccess('pull')
  @Described({
    summary: 'Every change of a tag, the last first; of a deleted tag, too',
    query: { page: 'Number of the page, from 1', per_page: 'Changes on a page, 30 unless said, 100 at most' },
    answer: { status: 200, schema: z.array(Change) },
  })
  async history(
    @PackageParam() { id }: RestPackage,
    @Param('tag') tag: string,
    @Req() request: RestRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Array<z.output<typeof Change>>> {
    const page = parsePage(request.query);
    const list = await this.tags.history(id, parseTag(tag), numbered(page));
    const links = pageLinks(this.origin.of(request) + request.url, page, list);
    if (links) reply.header('link', links);
    return list.items.map(({ at, from, to, actor }) => ({
      at: restTime(at),
      from: from ?? null,
      to: to ?? null,
      actor,
    }));
  }

  @Put(':tag')
  @RestAccess('push')
  @Described({
    summary: 'Points a tag at a version, such as one that it pointed at before',
    body: Target,
    answer: { status: 200, schema: TagAnswer },
    errors: { 400: 'the tag or the digest is none', 422: 'the package has no such version' },
  })
  async set(
    @PackageParam() { id, actor }: RestPackage,
    @Param('tag') tag: string,
    @Req() request: RestRequest,
  ): Promise<z.output<typeof TagAnswer>> {
    const digest = parseDigest((await readRestJson(request, Target)).digest);
    if (!(await this.tags.set(id, parseTag(tag), digest, actor))) {
      throw new RestRefusal(422, `This package has no version ${digest}; a deleted one can be restored first.`);
    }
    return { name: tag, digest };
  }
}
