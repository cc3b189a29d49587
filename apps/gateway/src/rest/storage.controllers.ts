import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { TokenHolder } from '#auth';
import { freedSchema } from '#contracts';
import { parseTag, splitRepositoryName } from '#oci';
import { StorageFigures } from '#registry';
import { Described } from '../http/described.js';
import { ExternalOrigin } from '../http/external-origin.js';
import type { Query as QueryValues } from '../http/gateway-request.js';
import { NamespaceParam } from './access/params.js';
import { freedAnswer } from './freed-answer.js';
import { numbered, pageLinks, parsePage } from './paging.js';
import { ReaderScope, WITHIN, WITHIN_QUERY } from './reader-scope.js';
import { RestAccess } from './rest-access.js';
import { notFound } from './rest-refusal.js';
import {
  HolderParam,
  PackageParam,
  type RestNamespace,
  type RestPackage,
  type RestRequest,
  VersionIdParam,
} from './rest-request.js';
import { restTime } from './rest-time.js';

const WITHIN_ERRORS = { 400: 'within is none that there is' };

const Freed = freedSchema(WITHIN);
const PackageUse = Freed.extend({
  measured_at: z.string().nullable().meta({ description: 'How old the figures are' }),
  versions: z.number(),
});
const OrganisationUse = z.object({
  measured_at: z
    .string()
    .nullable()
    .meta({ description: 'How old the figures are; null before the first measurement' }),
  logical_bytes: z.number().meta({ description: 'Bytes of blobs as packages see them, each once for each package' }),
  stored_bytes: z.number().meta({ description: 'The same, each blob once' }),
  packages: z.array(
    z.object({
      id: z.int(),
      name: z.string(),
      deleted_at: z.string().nullable().meta({ description: 'Set: it can be restored, and takes up room until then' }),
      exclusive_bytes: z.number().meta({ description: 'Bytes of blobs that no other package of the organisation has' }),
      shared_bytes: z.number(),
      manifest_bytes: z.number(),
      last_pushed_at: z.string().nullable(),
      last_pulled_at: z.string().nullable(),
    }),
  ),
});

/** What deleting a package, a version or a tag would free. Nobody learns from it what other tenants have. */
@Controller(
  ['orgs/:org', 'users/:username', 'user'].map((owner) => `api/v3/${owner}/packages/:package_type/:package_name`),
)
export class PackageStorageController {
  constructor(
    private readonly figures: StorageFigures,
    private readonly scope: ReaderScope,
  ) {}

  @Get('storage')
  @RestAccess('pull')
  @Described({
    summary: 'What a package stores: bytes of all blobs and manifests that it holds',
    query: WITHIN_QUERY,
    answer: { status: 200, schema: PackageUse },
    errors: WITHIN_ERRORS,
  })
  async ofPackage(
    @PackageParam() pkg: RestPackage,
    @HolderParam() holder: TokenHolder,
    @Query() query: QueryValues,
  ): Promise<z.output<typeof PackageUse>> {
    const within = await this.scope.withinOf(query, pkg, holder);
    const { measuredAt, found } = (await this.figures.ofPackage(pkg.id)) ?? notFound();
    const own = within === 'package' ? found.logicalBytes : found.namespaceExclusiveBytes;
    return {
      measured_at: measuredAt ? restTime(measuredAt) : null,
      versions: found.versions,
      ...freedAnswer(within, { exclusive: own + found.manifestBytes, shared: found.logicalBytes - own }),
    };
  }

  @Get('versions/:package_version_id/storage')
  @RestAccess('pull')
  @Described({
    summary: 'What deleting a version frees, with referrers and children that go with it',
    query: WITHIN_QUERY,
    answer: { status: 200, schema: Freed },
    errors: WITHIN_ERRORS,
  })
  async ofVersion(
    @PackageParam() pkg: RestPackage,
    @VersionIdParam() versionId: number,
    @HolderParam() holder: TokenHolder,
    @Query() query: QueryValues,
  ): Promise<z.output<typeof Freed>> {
    const within = await this.scope.withinOf(query, pkg, holder);
    return freedAnswer(within, (await this.figures.ofVersion(pkg.id, versionId, within)) ?? notFound());
  }

  @Get('tags/:tag/storage')
  @RestAccess('pull')
  @Described({
    summary: 'What deleting a tag frees: nothing as long as something else holds its version',
    query: WITHIN_QUERY,
    answer: { status: 200, schema: Freed },
    errors: WITHIN_ERRORS,
  })
  async ofTag(
    @PackageParam() pkg: RestPackage,
    @Param('tag') tag: string,
    @HolderParam() holder: TokenHolder,
    @Query() query: QueryValues,
  ): Promise<z.output<typeof Freed>> {
    const within = await this.scope.withinOf(query, pkg, holder);
    return freedAnswer(within, (await this.figures.ofTag(pkg.id, parseTag(tag), within)) ?? notFound());
  }
}

/** What an organisation stores, for its owners. */
@Controller('api/v3/orgs/:org')
export class OrganisationStorageController {
  constructor(
    private readonly figures: StorageFigures,
    private readonly origin: ExternalOrigin,
  ) {}

  @Get('storage')
  @RestAccess('govern')
  @Described({
    summary: 'What an organisation stores, and each of its packages',
    query: { page: 'Number of the page, from 1', per_page: 'Packages on a page, 30 unless said, 100 at most' },
    answer: { status: 200, schema: OrganisationUse },
  })
  async show(
    @NamespaceParam() { id }: RestNamespace,
    @Query() query: QueryValues,
    @Req() request: RestRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof OrganisationUse>> {
    const page = parsePage(query);
    const [use, list] = await Promise.all([this.figures.ofNamespace(id), this.figures.packagesOf(id, numbered(page))]);
    const links = pageLinks(this.origin.of(request) + request.url, page, list);
    if (links) reply.header('link', links);
    return {
      measured_at: use?.measuredAt ? restTime(use.measuredAt) : null,
      logical_bytes: use?.found.logicalBytes ?? 0,
      stored_bytes: use?.found.storedBytes ?? 0,
      packages: list.items.map((item) => ({
        id: item.packageId,
        name: splitRepositoryName(item.name).packageName ?? '',
        deleted_at: item.deletedAt ? restTime(item.deletedAt) : null,
        exclusive_bytes: item.namespaceExclusiveBytes,
        shared_bytes: item.logicalBytes - item.namespaceExclusiveBytes,
        manifest_bytes: item.manifestBytes,
        last_pushed_at: item.pushedAt ? restTime(item.pushedAt) : null,
        last_pulled_at: item.pulledAt ? restTime(item.pulledAt) : null,
      })),
    };
  }
}
