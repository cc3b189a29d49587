import { Controller, Delete, Get, Head, Headers, Put, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ANONYMOUS } from '#auth';
import { fail, MAX_MANIFEST_BYTES, parseTag, type Reference } from '#oci';
import {
  type Actor,
  DeleteManifest,
  DeleteTag,
  GetManifest,
  PutManifest,
  type Repository,
  type StoredManifest,
} from '#registry';
import { REJECTED } from '../credentials/credentials.js';
import { DownloadCounter } from '../downloads/download-counter.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { readBody } from '../http/request-body.js';
import { MissingManifests } from '../tombstones/missing-manifests.js';
import { Access } from './access.js';
import { matches } from './blobs.controller.js';
import { manifestLocation } from './v2.headers.js';
import { ActorParam, ReferenceParam, RepositoryParam } from './v2.params.js';

/** Tags that one push by digest may set at once. */
const MAX_TAGS = 10;

/** Manifests of a repository: end-3, end-7, end-9. */
@Controller('v2/:name/manifests')
export class ManifestsController {
  constructor(
    private readonly getManifest: GetManifest,
    private readonly putManifest: PutManifest,
    private readonly deleteManifest: DeleteManifest,
    private readonly deleteTag: DeleteTag,
    private readonly downloads: DownloadCounter,
    private readonly missing: MissingManifests,
  ) {}

  @Get(':reference')
  @Access('pull')
  async get(
    @RepositoryParam() repository: Repository,
    @ActorParam() actor: Actor,
    @ReferenceParam() reference: Reference,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Req() { user }: GatewayRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const manifest = await this.find(repository, reference, actor);
    describe(reply, manifest);
    if (matches(ifNoneMatch, `"${manifest.digest}"`)) return void reply.status(304).send();
    const principal = user === REJECTED ? ANONYMOUS : user.principal;
    if (repository.packageId !== undefined) this.downloads.count(repository.packageId, manifest.digest, principal);
    reply.send(Buffer.from(manifest.bytes));
  }

  @Head(':reference')
  @Access('pull')
  async head(
    @RepositoryParam() repository: Repository,
    @ActorParam() actor: Actor,
    @ReferenceParam() reference: Reference,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const manifest = await this.find(repository, reference, actor);
    describe(reply, manifest);
    if (matches(ifNoneMatch, `"${manifest.digest}"`)) reply.status(304);
    reply.send();
  }

  /** Errors: MANIFEST_UNKNOWN. */
  private async find(repository: Repository, reference: Reference, actor: Actor): Promise<StoredManifest> {
    const manifest = await this.getManifest.run(repository, reference);
    return manifest ?? this.missing.refuse(repository, reference, actor);
  }

  @Put(':reference')
  @Access('push')
  async put(
    @RepositoryParam() repository: Repository,
    @ActorParam() actor: Actor,
    @ReferenceParam() reference: Reference,
    @Query('tag') tag: string | string[] | undefined,
    @Req() request: GatewayRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const tags = parseTags(tag, reference);
    if (request.headers['content-encoding'] !== undefined) {
      fail('MANIFEST_INVALID', { reason: 'send the manifest without Content-Encoding' });
    }
    const contentType = request.headers['content-type'];
    const bytes = await readBody(request.raw, MAX_MANIFEST_BYTES);
    const { digest, subject } = await this.putManifest.run(repository, actor, { reference, contentType, bytes, tags });
    reply.status(201).header('location', manifestLocation(repository, digest)).header('docker-content-digest', digest);
    if (subject) reply.header('oci-subject', subject);
    if (tags.length > 0) reply.header('oci-tag', tags.join(', '));
    reply.header('content-length', '0').send();
  }

  @Delete(':reference')
  @Access('delete')
  async delete(
    @RepositoryParam() repository: Repository,
    @ActorParam() actor: Actor,
    @ReferenceParam() reference: Reference,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (reference.kind === 'tag') await this.deleteTag.run(repository, actor, reference.tag);
    else await this.deleteManifest.run(repository, actor, reference.digest);
    reply.status(202).header('content-length', '0').send();
  }
}

/** One digest is always served with the one type it was pushed with, whatever `Accept` says (CVE-2021-41190). */
function describe(reply: FastifyReply, manifest: StoredManifest): FastifyReply {
  return reply
    .header('content-type', manifest.mediaType)
    .header('content-length', String(manifest.bytes.length))
    .header('docker-content-digest', manifest.digest)
    .header('etag', `"${manifest.digest}"`)
    .header('x-content-type-options', 'nosniff');
}

/** `?tag=` of a push by digest (end-7b). Errors: MANIFEST_INVALID; with status 414 for more than `MAX_TAGS`. */
function parseTags(tag: string | string[] | undefined, reference: Reference): string[] {
  if (tag === undefined) return [];
  if (reference.kind === 'tag') fail('MANIFEST_INVALID', { reason: '?tag= goes with a digest, not with a tag' });
  const tags = [...new Set([tag].flat())];
  if (tags.length > MAX_TAGS) fail('MANIFEST_INVALID', { reason: `at most ${MAX_TAGS} tags at once` }, { status: 414 });
  return tags.map(parseTag);
}
