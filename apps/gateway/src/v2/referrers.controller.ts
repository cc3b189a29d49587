import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Digest, nextLink, OCI_INDEX, parsePageRequest } from '#oci';
import { ListReferrers, type Repository } from '#registry';
import { Access } from './access.js';
import { DigestParam, QueryParam, RepositoryParam } from './v2.params.js';

/** More would not fit the 4 MiB that clients read of an index when annotations are long. */
const PAGE = 100;

/** end-12. */
@Controller('v2/:name/referrers')
export class ReferrersController {
  constructor(private readonly listReferrers: ListReferrers) {}

  @Get(':digest')
  @Access('pull')
  async list(
    @RepositoryParam() repository: Repository,
    @DigestParam() subject: Digest,
    @QueryParam('artifactType') artifactType: string | undefined,
    @QueryParam('n') n: string | undefined,
    @QueryParam('last') last: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const page = parsePageRequest(n, last, PAGE);
    const filter = artifactType || undefined;
    const { items, next } = await this.listReferrers.run(repository, subject, filter, page);
    if (filter) reply.header('oci-filters-applied', 'artifactType');
    if (next !== undefined) {
      const path = `/v2/${repository.name}/referrers/${subject}`;
      reply.header('link', nextLink(path, { artifactType: filter, n: String(page.limit), last: next }));
    }
    reply
      .header('content-type', OCI_INDEX)
      .send(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: items })));
  }
}
