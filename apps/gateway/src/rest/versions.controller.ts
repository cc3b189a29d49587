import { Controller, Delete, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { PackageDirectory, type VersionRemoval, VersionStore } from '#registry';
import { Described } from '../http/described.js';
import { ExternalOrigin } from '../http/external-origin.js';
import { type Query as QueryValues, single } from '../http/gateway-request.js';
import { numbered, pageLinks, parsePage } from './paging.js';
import { RestAccess } from './rest-access.js';
import { readRestJson } from './rest-json.js';
import { notFound, RestRefusal } from './rest-refusal.js';
import { PackageParam, type RestPackage, type RestRequest, VersionIdParam } from './rest-request.js';
import { refusalOf } from './version-refusal.js';
import { VersionSchema, versionView } from './version-view.js';

type VersionAnswer = z.output<typeof VersionSchema>;

const Deletions = z.strictObject({
  ids: z
    .array(
      z
        .int()
        .min(1)
        .max(2 ** 31 - 1),
    )
    .min(1)
    .max(100),
});
const DeletionResult = z.object({
  id: z.int(),
  status: z.int().meta({ description: '204: deleted; otherwise what a DELETE of this version would have answered' }),
  message: z.string().nullable(),
});

/** Versions of a package: its manifests, in GHCR's word. */
@Controller(
  ['orgs/:org', 'users/:username', 'user'].map(
    (owner) => `api/v3/${owner}/packages/:package_type/:package_name/versions`,
  ),
)
export class VersionsController {
  constructor(
    private readonly packages: PackageDirectory,
    private readonly versions: VersionStore,
    private readonly origin: ExternalOrigin,
  ) {}

  @Get()
  @RestAccess('pull')
  @Described({
    summary: 'Lists versions, newest push first',
    query: {
      state: 'active, or deleted: those that can be restored',
      include_children: 'false leaves out platforms, attestations and signatures',
      page: 'Number of the page, from 1',
      per_page: 'Versions on a page, 30 unless said, 100 at most',
    },
    answer: { status: 200, schema: z.array(VersionSchema) },
    errors: { 400: 'state is none that there is' },
  })
  async list(
    @PackageParam() { id }: RestPackage,
    @Query() query: QueryValues,
    @Req() request: RestRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<VersionAnswer[]> {
    const state = single(query.state) ?? 'active';
    if (state !== 'active' && state !== 'deleted') throw new RestRefusal(400, 'state is active or deleted.');
    const page = parsePage(query);
    const includeChildren = single(query.include_children) !== 'false';
    const [details, list] = await Promise.all([
      this.packages.find(id),
      this.versions.list({ packageId: id, state, includeChildren }, numbered(page)),
    ]);
    if (!details) return notFound();
    const origin = this.origin.of(request);
    const links = pageLinks(origin + request.url, page, list);
    if (links) reply.header('link', links);
    return list.items.map((version) => versionView(version, details, origin));
  }

  @Get(':package_version_id')
  @RestAccess('pull')
  @Described({ summary: 'A version', answer: { status: 200, schema: VersionSchema } })
  async get(
    @PackageParam() { id }: RestPackage,
    @VersionIdParam() versionId: number,
    @Req() request: RestRequest,
  ): Promise<VersionAnswer> {
    const [details, version] = await Promise.all([this.packages.find(id), this.versions.find(id, versionId)]);
    if (!details || !version) return notFound();
    return versionView(version, details, this.origin.of(request));
  }

  @Delete(':package_version_id')
  @HttpCode(204)
  @RestAccess('delete')
  @Described({
    summary: 'Deletes a version; it can be restored for a while (BERTH_RESTORE_WINDOW)',
    answer: { status: 204 },
    errors: {
      400: 'the package is public and the version has too many downloads',
      409: 'an index needs it; the message names the index',
    },
  })
  async remove(@PackageParam() { id, actor }: RestPackage, @VersionIdParam() versionId: number): Promise<void> {
    const [removal = 'unknown'] = await this.versions.remove(id, [versionId], actor);
    if (removal === 'unknown') return notFound();
    if (removal !== 'removed') throw refusalOf(removal);
  }

  @Post('deletions')
  @HttpCode(200)
  @RestAccess('delete')
  @Described({
    summary: 'Deletes up to a hundred versions, children after their index, with a result for each',
    body: Deletions,
    answer: { status: 200, schema: z.array(DeletionResult) },
    errors: { 400: 'the body does not fit' },
  })
  async removeMany(
    @PackageParam() { id, actor }: RestPackage,
    @Req() request: RestRequest,
  ): Promise<Array<z.output<typeof DeletionResult>>> {
    const { ids } = await readRestJson(request, Deletions);
    const removals = await this.versions.remove(id, ids, actor);
    return removals.map((removal, i) => ({ id: ids[i] ?? 0, ...resultOf(removal) }));
  }

  @Post(':package_version_id/restore')
  @HttpCode(204)
  @RestAccess('administer')
  @Described({
    summary: 'Restores a deleted version with those of its tags that are free',
    answer: { status: 204 },
    errors: { 409: 'children of this index are deleted; the message names them' },
  })
  async restore(@PackageParam() { id, actor }: RestPackage, @VersionIdParam() versionId: number): Promise<void> {
    const restored = await this.versions.restore(id, versionId, actor);
    if (restored === 'unknown') return notFound();
    if (restored !== 'restored') {
      throw new RestRefusal(
        409,
        `This index needs versions that are deleted: restore ${restored.absent.join(', ')} first.`,
      );
    }
  }
}

function resultOf(removal: VersionRemoval): { status: number; message: string | null } {
  if (removal === 'removed') return { status: 204, message: null };
  if (removal === 'unknown') return { status: 404, message: 'Not Found' };
  const { status, message } = refusalOf(removal);
  return { status, message };
}
