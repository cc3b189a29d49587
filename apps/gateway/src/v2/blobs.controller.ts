import { Controller, Delete, Get, Head, Headers, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type Digest, fail, parseByteRange } from '#oci';
import { DeleteBlob, OpenBlob, ReadBlob, type Repository, StatBlob, type StoredBlob } from '#registry';
import { Access } from './access.js';
import { BlobLinks } from './blob-links.js';
import { SmallBlobs } from './small-blobs.js';
import { DigestParam, RepositoryParam } from './v2.params.js';

/** Blobs of a repository: end-2, end-10. */
@Controller('v2/:name/blobs')
export class BlobsController {
  constructor(
    private readonly statBlob: StatBlob,
    private readonly openBlob: OpenBlob,
    private readonly deleteBlob: DeleteBlob,
    private readonly readBlob: ReadBlob,
    private readonly smallBlobs: SmallBlobs,
    private readonly links: BlobLinks,
  ) {}

  @Head(':digest')
  @Access('pull')
  async head(
    @RepositoryParam() repository: Repository,
    @DigestParam() digest: Digest,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const blob = await this.statBlob.run(repository, digest);
    describe(reply, blob).header('content-length', String(blob.size));
    if (matches(ifNoneMatch, `"${digest}"`)) reply.status(304);
    reply.send();
  }

  @Get(':digest')
  @Access('pull')
  async get(
    @RepositoryParam() repository: Repository,
    @DigestParam() digest: Digest,
    @Headers() headers: Record<string, string | undefined>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const blob = await this.openBlob.run(repository, digest);
    const etag = `"${digest}"`;
    describe(reply, blob);
    if (matches(headers['if-none-match'], etag)) return void reply.status(304).send();
    const isCurrent = headers['if-range'] === undefined || headers['if-range'] === etag;
    const range = isCurrent ? parseByteRange(headers.range, blob.size) : undefined;
    if (range === 'unsatisfiable') {
      const satisfiable = { 'content-range': `bytes */${blob.size}` };
      return fail('SIZE_INVALID', { size: blob.size, range: headers.range }, { status: 416, headers: satisfiable });
    }
    const link = await this.links.find(blob);
    if (link) {
      // Anybody may read by it while it lives: no cache but the client's own may keep it, and that not for long.
      reply.header('cache-control', 'private, no-store').header('location', link).header('content-length', '0');
      return void reply.status(307).send();
    }
    const body = (!range && (await this.smallBlobs.read(blob))) || (await this.readBlob.run(blob, range));
    if (range) reply.status(206).header('content-range', `bytes ${range.start}-${range.end}/${blob.size}`);
    const length = range ? range.end - range.start + 1 : blob.size;
    await reply.header('content-length', String(length)).send(body);
  }

  @Delete(':digest')
  @Access('delete')
  async delete(
    @RepositoryParam() repository: Repository,
    @DigestParam() digest: Digest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.deleteBlob.run(repository, digest);
    reply.status(202).header('content-length', '0').send();
  }
}

/** Blob bytes are a stranger's: a browser must never take them for a page of this origin. */
function describe(reply: FastifyReply, { digest }: StoredBlob): FastifyReply {
  return reply
    .header('content-type', 'application/octet-stream')
    .header('content-disposition', 'attachment')
    .header('content-security-policy', 'sandbox')
    .header('x-content-type-options', 'nosniff')
    .header('accept-ranges', 'bytes')
    .header('docker-content-digest', digest)
    .header('etag', `"${digest}"`);
}

/** RFC 9110 section 13.1.2, with the weak comparison that it asks for. */
export function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  return ifNoneMatch?.split(',').some((entry) => ['*', etag].includes(entry.trim().replace(/^W\//, ''))) ?? false;
}
