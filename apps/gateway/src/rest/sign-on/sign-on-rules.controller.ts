import { Controller, Get, Optional, Put, Req } from '@nestjs/common';
import { z } from 'zod';
import { SignOnStore } from '#auth';
import { Described } from '../../http/described.js';
import { OpenIdProvider } from '../../sign-on/openid-provider.js';
import { NamespaceParam } from '../access/params.js';
import { RestAccess } from '../rest-access.js';
import { readRestJson } from '../rest-json.js';
import { RestRefusal } from '../rest-refusal.js';
import type { RestNamespace, RestRequest } from '../rest-request.js';

const Group = z
  .string()
  .min(1)
  .max(250)
  .refine((name) => !name.includes('\0'), 'no NUL');
const Rules = z.strictObject({
  /** Whether only sessions of people who signed in, and tokens that they authorised, act in the organisation. */
  required: z.boolean(),
  /** Who has the group is a member, and in the team where one is named. */
  groups: z.array(z.strictObject({ group: Group, team: z.string().max(100).optional() })).max(500),
});
type RulesAnswer = z.output<typeof Rules>;

/** What an organisation makes of single sign-on. */
@Controller('api/v3/orgs/:org/sso')
export class SignOnRulesController {
  constructor(
    private readonly store: SignOnStore,
    @Optional() private readonly provider?: OpenIdProvider,
  ) {}

  @Get()
  @RestAccess('govern')
  @Described({
    summary: 'Tells whether an organisation demands single sign-on, and which groups make members',
    answer: { status: 200, schema: Rules },
  })
  async get(@NamespaceParam() namespace: RestNamespace): Promise<RulesAnswer> {
    const { isRequired, groups } = await this.store.rulesOf(namespace.id);
    return { required: isRequired, groups };
  }

  @Put()
  @RestAccess('govern')
  @Described({
    summary: 'Replaces both; memberships follow when people sign in next',
    body: Rules,
    answer: { status: 200, schema: Rules },
    errors: { 400: 'the body does not fit', 422: 'a team is not there, or this registry has no OpenID provider' },
  })
  async set(@NamespaceParam() namespace: RestNamespace, @Req() request: RestRequest): Promise<RulesAnswer> {
    const { required: isRequired, groups } = await readRestJson(request, Rules);
    if (!this.provider)
      throw new RestRefusal(422, 'This registry has no OpenID provider: its operator sets BERTH_OIDC_ISSUER.');
    const mappings = groups.map(({ group, team }) => ({ group, team: team?.toLowerCase() }));
    const refused = await this.store.setRules(namespace.id, { isRequired, groups: mappings }, namespace.actor);
    if (refused) throw new RestRefusal(422, `There is no team ${refused.unknownTeam}.`);
    return this.get(namespace);
  }
}
