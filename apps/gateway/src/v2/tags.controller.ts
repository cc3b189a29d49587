import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { nextLink, parsePageRequest } from '#oci';
import { ListTags, type Repository } from '#registry';
import { Access } from './access.js';
import { QueryParam, RepositoryParam } from './v2.params.js';

/** end-8. */
@Controller('v2/:name/tags')
export class TagsController {
  constructor(private readonly listTags: ListTags) {}

  @Get('list')
  @Access('pull')
  async list(
    @RepositoryParam() repository: Repository,
    @QueryParam('n') n: string | undefined,
    @QueryParam('last') last: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const page = parsePageRequest(n, last);
    const { items, next } = await this.listTags.run(repository, page);
    if (next !== undefined) {
      reply.header('link', nextLink(`/v2/${repository.name}/tags/list`, { n: String(page.limit), last: next }));
    }
    reply.send({ name: repository.name, tags: items });
  }
}
