import { Controller, Delete, Get, Post, Put, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { fail } from '#oci';
import { type Actor, DirectStorage, type DirectUpload, MountBlob, type Repository, type SessionOwner } from '#registry';
import { type GatewayRequest, single } from '../../http/gateway-request.js';
import { Access } from '../access.js';
import { PullableRepositories } from '../pullable-repositories.js';
import { blobCreated } from '../v2.headers.js';
import { ActorParam, OwnerParam, RepositoryParam } from '../v2.params.js';
import { COMMIT, directLocation, OPENING, readShape, requestsShape, uploadShape } from './direct-upload.shapes.js';
import { DirectUseCases } from './direct-use-cases.js';
import { DirectVerifications } from './direct-verifications.js';

/** Requests signed for one answer. */
const PAGE = 100;

/**
 * Uploads that clients make themselves, straight to the object store: Berth signs the requests, verifies what came and makes
 * it a blob. In the specification's space for extensions; `docs/direct-uploads.openapi.json` describes it.
 */
@Controller('v2/:name/_berth/uploads')
export class DirectUploadsController {
  constructor(
    private readonly storage: DirectStorage,
    private readonly uploads: DirectUseCases,
    private readonly mountBlob: MountBlob,
    private readonly pullable: PullableRepositories,
    private readonly verifications: DirectVerifications,
  ) {}

  @Post()
  @Access('push')
  async post(
    @RepositoryParam() repository: Repository,
    @ActorParam() actor: Actor,
    @Req() request: GatewayRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    this.storage.signing; // refuses where nothing can be signed, before anything is opened
    const { digest, size, sha256, in_parts: inParts } = await readShape(request, OPENING);
    // Only what the caller may read already is linked by its digest; any other has to be brought.
    if (await this.mountBlob.run(repository, actor, digest, undefined, this.pullable.amongFor(request))) {
      return void blobCreated(reply, repository, digest).send();
    }
    const upload = await this.uploads.open.run(repository, actor, { digest, size, sha256, inParts });
    const signed = await this.uploads.sign.run(upload, 1, PAGE);
    await this.answer(reply.status(202), repository, upload, requestsShape(repository, upload, signed));
  }

  @Get(':session')
  @Access('push')
  async get(
    @RepositoryParam() repository: Repository,
    @OwnerParam() owner: SessionOwner,
    @Query('part') part: string | string[] | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    let upload = await this.uploads.find.run(owner);
    if (part !== undefined && upload.state === 'open') {
      const signed = await this.uploads.sign.run(upload, parsePart(single(part)), PAGE);
      return this.answer(reply, repository, upload, requestsShape(repository, upload, signed));
    }
    // Whoever verified it may be gone.
    if (upload.state === 'completing' && !upload.isBusy) {
      await this.verifications.run(owner);
      upload = await this.uploads.find.run(owner);
    }
    await this.answer(reply, repository, upload, uploadShape(upload));
  }

  @Put(':session')
  @Access('push')
  async put(
    @RepositoryParam() repository: Repository,
    @OwnerParam() owner: SessionOwner,
    @Req() request: GatewayRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { parts } = await readShape(request, COMMIT);
    let upload = await this.uploads.find.run(owner);
    if (upload.state === 'open') await this.uploads.complete.run(upload, parts);
    if (upload.state === 'open' || upload.state === 'completing') {
      await this.verifications.run(owner);
      upload = await this.uploads.find.run(owner);
    }
    if (upload.state === 'done') return void blobCreated(reply, repository, upload.digest).send();
    if (upload.state === 'failed') fail('DIGEST_INVALID', { expected: upload.digest, actual: upload.actual });
    reply.status(202).header('retry-after', '1');
    await this.answer(reply, repository, upload, uploadShape(upload));
  }

  @Delete(':session')
  @Access('push')
  async delete(@OwnerParam() owner: SessionOwner, @Res() reply: FastifyReply): Promise<void> {
    await this.uploads.find.run(owner); // not one of those under /blobs/uploads/
    await this.uploads.cancel.run(owner);
    reply.status(204).send();
  }

  private async answer(
    reply: FastifyReply,
    repository: Repository,
    upload: DirectUpload,
    body: Record<string, unknown>,
  ): Promise<void> {
    // Signed requests are keys to the store.
    reply.header('cache-control', 'no-store').header('location', directLocation(repository, upload));
    await reply.header('content-type', 'application/json').send(JSON.stringify(body));
  }
}

/** Errors: BLOB_UPLOAD_INVALID. */
function parsePart(text: string | undefined): number {
  if (text === undefined || !/^[1-9][0-9]{0,4}$/.test(text)) {
    return fail('BLOB_UPLOAD_INVALID', { reason: 'part must be a number from 1 to 10000' });
  }
  return Number(text);
}
