import { Controller, Param, Patch, Req } from '@nestjs/common';
import { z } from 'zod';
import { PackageChangeAnswer } from '#contracts';
import { type Actor, PackageStore, VISIBILITIES } from '#registry';
import { Described } from '../http/described.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { readJson } from './json-body.js';
import { OperatorParam, OperatorsOnly } from './operator.guard.js';
import { noPackage, packageNameOf } from './package-name.js';

const PackageChange = z.strictObject({ visibility: z.enum(VISIBILITIES) });

/** Packages, as operators change them. The name is one segment, its slashes as %2F. */
@Controller('admin/v1/packages')
export class PackagesController {
  constructor(private readonly packages: PackageStore) {}

  @Patch(':owner/:name')
  @OperatorsOnly()
  @Described({
    summary: 'Changes the visibility of a package',
    body: PackageChange,
    answer: { status: 200, schema: PackageChangeAnswer },
  })
  async change(
    @Param('owner') owner: string,
    @Param('name') packageName: string,
    @Req() request: GatewayRequest,
    @OperatorParam() operator: Actor,
  ): Promise<PackageChangeAnswer> {
    const { visibility } = await readJson(request, PackageChange);
    const name = packageNameOf(owner, packageName);
    if (!(await this.packages.setVisibility(name, visibility, operator))) throw noPackage();
    return { name, visibility };
  }
}
