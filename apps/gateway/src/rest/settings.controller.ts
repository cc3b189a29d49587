import { Controller, Get, Patch, Put, Req } from '@nestjs/common';
import { z } from 'zod';
import { PackageSettings, type StorageSettings, type TagRule } from '#registry';
import { Described } from '../http/described.js';
import { RestAccess } from './rest-access.js';
import { readRestJson } from './rest-json.js';
import { notFound, RestRefusal } from './rest-refusal.js';
import { PackageParam, type RestPackage, type RestRequest } from './rest-request.js';
import { TagPattern } from './tag-pattern.js';

const DAY = 86_400;

const Settings = z.strictObject({
  allow_sparse_indexes: z.boolean(),
  untagged_after_days: z
    .union([z.int().min(0).max(3650), z.literal('never')])
    .nullable()
    .meta({ description: 'When manifests without tags are collected; null: as the instance says' }),
  build_cache_budget: z
    .union([z.int().min(0), z.literal('unlimited')])
    .nullable()
    .meta({
      description: 'Bytes of build caches before the least recently used go; null: as the instance says',
    }),
});
const SettingsChange = Settings.partial();

const PUBLISHER = /^(?:user:[a-z0-9._-]+|team:[a-z0-9._-]+\/[a-z0-9._-]+|workflow:https?:\/\/\S+)$/;

const Rule = z.strictObject({
  pattern: TagPattern,
  immutable: z.boolean().default(false).meta({ description: 'Such tags, once set, are neither moved nor deleted' }),
  publishers: z
    .array(z.string().max(2100).regex(PUBLISHER, 'user:LOGIN, team:ORG/SLUG or workflow:URL, in lower case'))
    .min(1)
    .max(50)
    .nullable()
    .default(null)
    .meta({
      description:
        'Who may set, move and delete such tags: user:LOGIN, team:ORG/SLUG, workflow:URL; null: all who may push',
    }),
});
const Rules = z.array(Rule).max(50);

/** Settings of a package beside access: what it stores, and who may move which tags. */
@Controller(
  ['orgs/:org', 'users/:username', 'user'].map((owner) => `api/v3/${owner}/packages/:package_type/:package_name`),
)
export class SettingsController {
  constructor(private readonly settings: PackageSettings) {}

  @Get('settings')
  @RestAccess('administer')
  @Described({ summary: 'Settings of a package', answer: { status: 200, schema: Settings } })
  async get(@PackageParam() { id }: RestPackage): Promise<z.output<typeof Settings>> {
    const { allowSparse, untaggedAfter, buildCacheBudget } = (await this.settings.find(id)) ?? notFound();
    return {
      allow_sparse_indexes: allowSparse,
      untagged_after_days: daysOf(untaggedAfter),
      build_cache_budget: buildCacheBudget === 'instance' ? null : buildCacheBudget,
    };
  }

  @Patch('settings')
  @RestAccess('administer')
  @Described({
    summary: 'Changes settings of a package; what is not named stays',
    body: SettingsChange,
    answer: { status: 200, schema: Settings },
    errors: { 400: 'the body does not fit' },
  })
  async change(@PackageParam() pkg: RestPackage, @Req() request: RestRequest): Promise<z.output<typeof Settings>> {
    const wanted = await readRestJson(request, SettingsChange);
    const { allow_sparse_indexes: allowSparse, untagged_after_days: days, build_cache_budget: budget } = wanted;
    const change: Partial<StorageSettings> = {
      ...(allowSparse !== undefined && { allowSparse }),
      ...(days !== undefined && { untaggedAfter: secondsOf(days) }),
      ...(budget !== undefined && { buildCacheBudget: budget ?? 'instance' }),
    };
    if (!(await this.settings.change(pkg.id, change, pkg.actor))) return notFound();
    return this.get(pkg);
  }

  @Get('tag-rules')
  @RestAccess('administer')
  @Described({ summary: 'Rules for the tags of a package', answer: { status: 200, schema: Rules } })
  async rules(@PackageParam() { id }: RestPackage): Promise<z.output<typeof Rules>> {
    const rules = await this.settings.tagRules(id);
    return rules.map(({ pattern, isImmutable, publishers }) => ({
      pattern,
      immutable: isImmutable,
      publishers: publishers ?? null,
    }));
  }

  @Put('tag-rules')
  @RestAccess('administer')
  @Described({
    summary: 'Puts these rules for tags in place of all others',
    body: Rules,
    answer: { status: 200, schema: Rules },
    errors: { 400: 'a rule does not fit, or names a publisher that there is none of' },
  })
  async setRules(@PackageParam() pkg: RestPackage, @Req() request: RestRequest): Promise<z.output<typeof Rules>> {
    const rules = (await readRestJson(request, Rules)).map(ruleOf);
    const { unknown } = await this.settings.setTagRules(pkg.id, rules, pkg.actor);
    if (unknown.length > 0) {
      throw new RestRefusal(
        400,
        `There is no ${unknown.join(', ')}: teams and sources are those of the package's namespace.`,
      );
    }
    return this.rules(pkg);
  }
}

/** Errors: RestRefusal 400 for a rule that would say nothing. */
function ruleOf({ pattern, immutable, publishers }: z.output<typeof Rule>): TagRule {
  if (!immutable && !publishers)
    throw new RestRefusal(400, `The rule ${pattern} is neither immutable nor names publishers.`);
  return { pattern, isImmutable: immutable, publishers: publishers ?? undefined };
}

const daysOf = (after: StorageSettings['untaggedAfter']): number | 'never' | null =>
  after === 'instance' ? null : after === 'never' ? after : Math.ceil(after / DAY);

const secondsOf = (days: number | 'never' | null): StorageSettings['untaggedAfter'] =>
  days === null ? 'instance' : days === 'never' ? days : days * DAY;
