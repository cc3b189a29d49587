import { Controller, Param, Patch, Req } from '@nestjs/common';
import { z } from 'zod';
import { isRepositoryName } from '#oci';
import { type Actor, PackageStore, VISIBILITIES } from '#registry';
import { Described } from '../http/described.js';
import type { GatewayRequest } from '../http/gateway-request.js';
import { readJson } from './json-body.js';
import { OperatorParam, OperatorsOnly } from './operator.guard.js';
import { Problem } from './problem.js';

const PackageChange = z.strictObject({ visibility: z.enum(VISIBILITIES) });

/** Packages, as operators change them. The name is one segment, its slashes as %2F. */
@Controller('admin/v1/packages')
export class PackagesController {
  constructor(private readonly packages: PackageStore) {}

  @Patch(':owner/:name')
  @OperatorsOnly()
  @Described({ summary: 'Changes the visibility of a package', body: PackageChange, answer: { status: 200 } })
  async change(
    @Param('owner') owner: string,
    @Param('name') packageName: string,
    @Req() request: GatewayRequest,
    @OperatorParam() operator: Actor,
  ): Promise<{ name: string; visibility: string }> {
    const { visibility } = await readJson(request, PackageChange);
    const name = `${owner.toLowerCase()}/${packageName}`;
    if (!isRepositoryName(name) || !(await this.packages.setVisibility(name, visibility, operator))) {
      throw new Problem(404, 'No such package');
    }
    return { name, visibility };
  }
}
