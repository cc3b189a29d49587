import type { IncomingMessage } from 'node:http';
import { Controller, Delete, Get, Param, Patch, Post, Put, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type ContentRange, type Digest, fail, parseContentRange, parseDigest, parseDigestAlgorithm } from '#oci';
import {
  type Actor,
  AppendChunk,
  CancelUpload,
  FindUpload,
  FinishUpload,
  MountBlob,
  type Repository,
  StartUpload,
  type UploadBody,
} from '#registry';
import { boundedStream } from '../http/bounded-stream.js';
import { type GatewayRequest, single } from '../http/gateway-request.js';
import { Access } from './access.js';
import { PullableRepositories } from './pullable-repositories.js';
import { blobCreated, uploadState } from './v2.headers.js';
import { ActorParam, ownerOf, RepositoryParam } from './v2.params.js';

interface StartQuery {
  digest?: string | string[];
  mount?: string | string[];
  from?: string | string[];
  'digest-algorithm'?: string | string[];
}

/** Blob uploads: end-4a, end-4b, end-5, end-6, end-11, end-13, end-14. */
@Controller('v2/:name/blobs/uploads')
export class UploadsController {
  constructor(
    private readonly startUpload: StartUpload,
    private readonly mountBlob: MountBlob,
    private readonly appendChunk: AppendChunk,
    private readonly finishUpload: FinishUpload,
    private readonly findUpload: FindUpload,
    private readonly cancelUpload: CancelUpload,
    private readonly pullable: PullableRepositories,
  ) {}

  @Post()
  @Access('push')
  async post(
    @RepositoryParam() repository: Repository,
    @ActorParam() actor: Actor,
    @Query() query: StartQuery,
    @Req() request: GatewayRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const mount = single(query.mount);
    if (mount !== undefined) {
      const digest = parseDigest(mount);
      const among = this.pullable.amongFor(request);
      if (await this.mountBlob.run(repository, actor, digest, single(query.from), among)) {
        return void blobCreated(reply, repository, digest).send();
      }
    }
    const digest = query.digest === undefined ? undefined : parseOneDigest(query.digest);
    const algorithm = parseDigestAlgorithm(single(query['digest-algorithm']) ?? digest?.split(':')[0] ?? 'sha256');
    const body = digest && bodyOf(request.raw);
    const owner = await this.startUpload.run(repository, actor, algorithm);
    if (digest && body) {
      await this.finishUpload.run(owner, digest, body);
      return void blobCreated(reply, repository, digest).send();
    }
    uploadState(reply, repository, owner, 0).status(202).header('content-length', '0').send();
  }

  @Get(':session')
  @Access('push')
  async get(
    @RepositoryParam() repository: Repository,
    @ActorParam() actor: Actor,
    @Param('session') sessionId: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const owner = ownerOf(repository, actor, sessionId);
    const { offset } = await this.findUpload.run(owner);
    uploadState(reply, repository, owner, offset).status(204).send();
  }

  @Patch(':session')
  @Access('push')
  async patch(
    @RepositoryParam() repository: Repository,
    @ActorParam() actor: Actor,
    @Param('session') sessionId: string,
    @Req() request: GatewayRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const owner = ownerOf(repository, actor, sessionId);
    const { offset } = await this.appendChunk.run(owner, bodyOf(request.raw));
    uploadState(reply, repository, owner, offset).status(202).header('content-length', '0').send();
  }

  @Put(':session')
  @Access('push')
  async put(
    @RepositoryParam() repository: Repository,
    @ActorParam() actor: Actor,
    @Param('session') sessionId: string,
    @Query('digest') digestText: string | string[] | undefined,
    @Req() request: GatewayRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const digest = parseOneDigest(digestText);
    await this.finishUpload.run(ownerOf(repository, actor, sessionId), digest, bodyOf(request.raw));
    blobCreated(reply, repository, digest).send();
  }

  @Delete(':session')
  @Access('push')
  async delete(
    @RepositoryParam() repository: Repository,
    @ActorParam() actor: Actor,
    @Param('session') sessionId: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.cancelUpload.run(ownerOf(repository, actor, sessionId));
    reply.status(204).send();
  }
}

/** Errors: DIGEST_INVALID for none, several or a malformed one. */
function parseOneDigest(value: string | string[] | undefined): Digest {
  if (typeof value !== 'string') fail('DIGEST_INVALID', { reason: 'one ?digest= is needed' });
  return parseDigest(value);
}

function bodyOf(request: IncomingMessage): UploadBody {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  return {
    stream: boundedStream(request),
    // Neither header means no body (RFC 9112 section 6.3).
    length: length === undefined ? (encoding === undefined ? 0 : undefined) : Number(length),
    range: contentRangeOf(request),
  };
}

function contentRangeOf(request: IncomingMessage): ContentRange | undefined {
  const values = request.headersDistinct['content-range'];
  if (values === undefined) return undefined;
  if (values.length !== 1) return fail('BLOB_UPLOAD_INVALID', { reason: 'one Content-Range at most' });
  return parseContentRange(values[0] ?? '');
}
