import { Controller, Get, Param, Query } from '@nestjs/common';
import { RefusalStore } from '#auth';
import { RefusalsAnswer, TombstonesAnswer } from '#contracts';
import { RetentionStore, Tombstones } from '#registry';
import { refusalView } from '../explain/refusal-view.js';
import { Described } from '../http/described.js';
import { tombstoneView } from '../tombstones/tombstone-view.js';
import { OperatorsOnly } from './operator.guard.js';
import { noPackage, packageNameOf } from './package-name.js';

const PER_PAGE = 100;

/** What a package's admins see of its troubles, for operators. The package's name is one segment, its slashes as %2F. */
@Controller('admin/v1/packages/:owner/:name')
export class PackageReportsController {
  constructor(
    private readonly packages: RetentionStore,
    private readonly refusals: RefusalStore,
    private readonly tombstones: Tombstones,
  ) {}

  /** All that are kept of it, at most 200. Errors: Problem 404. */
  @Get('refusals')
  @OperatorsOnly()
  @Described({
    summary: 'Lists who was refused what on a package in the last 30 days, how often, and what would help',
    answer: { status: 200, schema: RefusalsAnswer },
  })
  async listRefusals(@Param('owner') owner: string, @Param('name') name: string): Promise<RefusalsAnswer> {
    const refusals = await this.refusals.list(await this.idOf(owner, name));
    return { refusals: refusals.map(refusalView) };
  }

  /** The last first, 100 a page; `?after=NEXT` for the next. Errors: Problem 404. */
  @Get('tombstones')
  @OperatorsOnly()
  @Described({
    summary: 'Lists tags and digests that were removed from a package in the last 90 days, and who still asks for them',
    query: { after: '`next` of the page before' },
    answer: { status: 200, schema: TombstonesAnswer },
  })
  async listTombstones(
    @Param('owner') owner: string,
    @Param('name') name: string,
    @Query('after') after: string | undefined,
  ): Promise<TombstonesAnswer> {
    const { items, next } = await this.tombstones.list(await this.idOf(owner, name), { limit: PER_PAGE, after });
    return { tombstones: items.map(tombstoneView), next: next ?? null };
  }

  private async idOf(owner: string, name: string): Promise<number> {
    const id = await this.packages.findPackage(packageNameOf(owner, name));
    if (id === undefined) throw noPackage();
    return id;
  }
}
