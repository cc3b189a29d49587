import { Controller, Delete, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { TokenHolder } from '#auth';
import { PackageDirectory, type PackageOwner, VISIBILITIES, type Visibility } from '#registry';
import { viewerOf } from '../credentials/credentials.js';
import { Described } from '../http/described.js';
import { ExternalOrigin } from '../http/external-origin.js';
import { type Query as QueryValues, single } from '../http/gateway-request.js';
import { PackageSchema, packageView } from './package-view.js';
import { numbered, pageLinks, parsePage } from './paging.js';
import { OfDeletedPackage, RestAccess } from './rest-access.js';
import { notFound, RestRefusal } from './rest-refusal.js';
import { HolderParam, PackageParam, type RestPackage, type RestRequest } from './rest-request.js';
import { refusalOf } from './version-refusal.js';

type PackageAnswer = z.output<typeof PackageSchema>;

/** Types that GitHub knows and Berth does not store: their lists are empty. */
const OTHER_TYPES = new Set(['npm', 'maven', 'rubygems', 'docker', 'nuget']);

/** Packages of an organisation, a user (an organisation's answer here, too) and the caller. */
@Controller(['api/v3/orgs/:org/packages', 'api/v3/users/:username/packages', 'api/v3/user/packages'])
export class RestPackagesController {
  constructor(
    private readonly packages: PackageDirectory,
    private readonly origin: ExternalOrigin,
  ) {}

  @Get()
  @RestAccess('list packages')
  @Described({
    summary: 'Lists the packages that the caller may see, by name',
    query: {
      package_type: 'container',
      visibility: 'private, internal or public',
      page: 'Number of the page, from 1',
      per_page: 'Packages on a page, 30 unless said, 100 at most',
    },
    answer: { status: 200, schema: z.array(PackageSchema) },
    errors: { 400: 'package_type or visibility is none that there is' },
  })
  async list(
    @HolderParam() holder: TokenHolder,
    @Query() query: QueryValues,
    @Req() request: RestRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PackageAnswer[]> {
    const owner = await this.ownerOf(request, holder);
    const visibility = visibilityOf(query);
    if (isOtherType(query)) return [];
    const page = parsePage(query);
    const list = await this.packages.list({ ownerId: owner.id, viewer: viewerOf(holder), visibility }, numbered(page));
    const origin = this.origin.of(request);
    const links = pageLinks(origin + request.url, page, list);
    if (links) reply.header('link', links);
    return list.items.map((details) => packageView(details, origin));
  }

  @Get(':package_type/:package_name')
  @RestAccess('pull')
  @Described({ summary: 'A package', answer: { status: 200, schema: PackageSchema } })
  async get(@PackageParam() { id }: RestPackage, @Req() request: RestRequest): Promise<PackageAnswer> {
    return packageView((await this.packages.find(id)) ?? notFound(), this.origin.of(request));
  }

  @Delete(':package_type/:package_name')
  @HttpCode(204)
  @RestAccess('delete')
  @Described({
    summary: 'Deletes a package; it can be restored for a while (BERTH_RESTORE_WINDOW)',
    answer: { status: 204 },
    errors: { 400: 'it is public, and a version has too many downloads' },
  })
  async remove(@PackageParam() { id, actor }: RestPackage): Promise<void> {
    const removal = await this.packages.remove(id, actor);
    if (removal === 'unknown') return notFound();
    if (removal !== 'removed') throw refusalOf(removal);
  }

  @Post(':package_type/:package_name/restore')
  @HttpCode(204)
  @RestAccess('administer')
  @OfDeletedPackage()
  @Described({
    summary: 'Restores the package that was deleted last under this name',
    answer: { status: 204 },
    errors: { 409: 'the name is in use again' },
  })
  async restore(@PackageParam() { id, name, actor }: RestPackage): Promise<void> {
    const restored = await this.packages.restore(id, actor);
    if (restored === 'unknown') return notFound();
    if (restored === 'name in use') {
      throw new RestRefusal(409, `Name in use: another package is called ${name} now. Delete it first.`);
    }
  }

  private async ownerOf({ params }: RestRequest, holder: TokenHolder): Promise<PackageOwner> {
    const owner = await this.packages.findOwner(params.org ?? params.username ?? holder.login);
    if (!owner || (params.org !== undefined && owner.kind !== 'organisation')) return notFound();
    return owner;
  }
}

/** Errors: RestRefusal 400 for a type that neither GitHub nor Berth knows. None counts as container. */
function isOtherType(query: QueryValues): boolean {
  const type = single(query.package_type) ?? 'container';
  if (type !== 'container' && !OTHER_TYPES.has(type)) throw new RestRefusal(400, 'package_type is not container.');
  return type !== 'container';
}

function visibilityOf(query: QueryValues): Visibility | undefined {
  const text = single(query.visibility);
  if (text === undefined) return undefined;
  const visibility = VISIBILITIES.find((candidate) => candidate === text);
  if (!visibility) throw new RestRefusal(400, `visibility is one of ${VISIBILITIES.join(', ')}.`);
  return visibility;
}
