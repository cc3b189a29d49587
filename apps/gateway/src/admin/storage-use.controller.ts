import { Controller, Get, Param, Query } from '@nestjs/common';
import {
  MeasuredPackageAnswer,
  type NamespaceUseAnswer,
  NamespaceUsesAnswer,
  type PackageUseAnswer,
  PackageUsesAnswer,
} from '#contracts';
import { type NamespaceStorage, PACKAGE_ORDERS, type PackageStorage, StorageFigures } from '#registry';
import { Described } from '../http/described.js';
import { type Query as QueryValues, single } from '../http/gateway-request.js';
import { OperatorsOnly } from './operator.guard.js';
import { noPackage, packageNameOf } from './package-name.js';
import { Problem } from './problem.js';

const PER_PAGE = 100;

/** What organisations, users and packages store, in the whole registry; for operators only, as it tells of all tenants. */
@Controller('admin/v1/storage')
export class StorageUseController {
  constructor(private readonly figures: StorageFigures) {}

  /** The largest first, 100 a page; `?after=NEXT` for the next. Namespaces that hold no blob are left out. */
  @Get('namespaces')
  @OperatorsOnly()
  @Described({
    summary: 'Lists what organisations and users store, the largest first',
    query: { after: 'next of the page before' },
    answer: { status: 200, schema: NamespaceUsesAnswer },
  })
  async namespaces(@Query('after') after: string | undefined): Promise<NamespaceUsesAnswer> {
    const { measuredAt: at, found } = await this.figures.namespaces({ limit: PER_PAGE, after });
    return {
      measured_at: at?.toISOString() ?? null,
      namespaces: found.items.map(namespaceAnswer),
      next: found.next ?? null,
    };
  }

  /** 100 a page. Unless `order` says so, the largest come first, and what was pushed or pulled longest ago. Errors: Problem 400. */
  @Get('packages')
  @OperatorsOnly()
  @Described({
    summary: 'Lists what packages store: the largest, or those pushed or pulled longest ago first',
    query: {
      sort: 'size, pushed or pulled: bytes of blobs, last push, last pull',
      order: 'asc or desc; desc by size, asc otherwise',
      after: 'next of the page before',
    },
    answer: { status: 200, schema: PackageUsesAnswer },
    errors: { 400: 'sort or order is none that there is' },
  })
  async packages(@Query() query: QueryValues): Promise<PackageUsesAnswer> {
    const by = PACKAGE_ORDERS.find((order) => order === (single(query.sort) ?? 'size'));
    if (!by) throw new Problem(400, 'No such order', `sort is one of ${PACKAGE_ORDERS.join(', ')}`);
    const order = single(query.order) ?? (by === 'size' ? 'desc' : 'asc');
    if (order !== 'asc' && order !== 'desc') throw new Problem(400, 'No such order', 'order is asc or desc');
    const page = { limit: PER_PAGE, after: single(query.after) };
    const { measuredAt: at, found } = await this.figures.packages({ by, isAscending: order === 'asc' }, page);
    return {
      measured_at: at?.toISOString() ?? null,
      packages: found.items.map(packageAnswer),
      next: found.next ?? null,
    };
  }

  /** The name is one segment, its slashes as %2F. A deleted package answers as long as it can be restored. Errors: Problem 404. */
  @Get('packages/:owner/:name')
  @OperatorsOnly()
  @Described({ summary: 'What a package stores', answer: { status: 200, schema: MeasuredPackageAnswer } })
  async ofPackage(@Param('owner') owner: string, @Param('name') packageName: string): Promise<MeasuredPackageAnswer> {
    const use = await this.figures.ofPackage(packageNameOf(owner, packageName));
    if (!use) throw noPackage();
    return { measured_at: use.measuredAt?.toISOString() ?? null, ...packageAnswer(use.found) };
  }
}

const namespaceAnswer = (use: NamespaceStorage): NamespaceUseAnswer => ({
  namespace: use.login,
  logical_bytes: use.logicalBytes,
  stored_bytes: use.storedBytes,
  exclusive_bytes: use.exclusiveBytes,
  shared_bytes: use.storedBytes - use.exclusiveBytes,
});

const packageAnswer = (use: PackageStorage): PackageUseAnswer => ({
  package: use.name,
  package_id: use.packageId,
  deleted_at: use.deletedAt?.toISOString() ?? null,
  versions: use.versions,
  manifest_bytes: use.manifestBytes,
  blobs: use.blobs,
  logical_bytes: use.logicalBytes,
  exclusive_bytes: use.exclusiveBytes,
  shared_bytes: use.logicalBytes - use.exclusiveBytes,
  last_pushed_at: use.pushedAt?.toISOString() ?? null,
  last_pulled_at: use.pulledAt?.toISOString() ?? null,
});
