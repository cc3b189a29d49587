import { Controller, Get, Req } from '@nestjs/common';
import type { z } from 'zod';
import type { TokenHolder } from '#auth';
import { PackageDirectory } from '#registry';
import { Described } from '../http/described.js';
import { ExternalOrigin } from '../http/external-origin.js';
import { OwnerSchema, ownerView } from './owner-view.js';
import { RestAccess } from './rest-access.js';
import { notFound } from './rest-refusal.js';
import { HolderParam, type RestRequest } from './rest-request.js';

type OwnerAnswer = z.output<typeof OwnerSchema>;

/** Who owns packages, as GitHub's clients ask before anything else: the caller, users and organisations by name. */
@Controller('api/v3')
export class OwnersController {
  constructor(
    private readonly packages: PackageDirectory,
    private readonly origin: ExternalOrigin,
  ) {}

  @Get('user')
  @RestAccess('known caller')
  @Described({ summary: 'The user that the token belongs to', answer: { status: 200, schema: OwnerSchema } })
  caller(@HolderParam() { login }: TokenHolder, @Req() request: RestRequest): Promise<OwnerAnswer> {
    return this.view(login, request);
  }

  /** An organisation's name does as well, as on GitHub. */
  @Get('users/:username')
  @RestAccess('known caller')
  @Described({ summary: 'A user or an organisation', answer: { status: 200, schema: OwnerSchema } })
  user(@Req() request: RestRequest): Promise<OwnerAnswer> {
    return this.view(request.params.username, request);
  }

  @Get('orgs/:org')
  @RestAccess('known caller')
  @Described({ summary: 'An organisation', answer: { status: 200, schema: OwnerSchema } })
  async organisation(@Req() request: RestRequest): Promise<OwnerAnswer> {
    const owner = await this.view(request.params.org, request);
    return owner.type === 'Organization' ? owner : notFound();
  }

  private async view(login: string | undefined, request: RestRequest): Promise<OwnerAnswer> {
    const owner = (await this.packages.findOwner(login ?? '')) ?? notFound();
    return ownerView(owner, this.origin.of(request));
  }
}
