import { type Command, InvalidArgumentError, Option } from 'commander';
import type { TrustPolicyAnswer } from '#contracts';
import { readPages } from '../api/pages.js';
import { type Commands, id, type ListOptions, listed } from '../command.js';
import { facts } from '../output/output.js';

type Conditions = Record<string, string>;

interface Policy {
  name: string;
  issuer: string;
  audience: string;
  condition: Conditions;
  source: string;
  countPulls: boolean;
}

export function addTrust(program: Command, commands: Commands): void {
  const trust = program.command('trust').description('Workflows of OpenID issuers that may act in an organisation');

  listed(trust.command('list'))
    .description('List trust policies of an organisation')
    .argument('<org>')
    .action(
      commands.remote<ListOptions>(async ({ api, args: [org = ''], options, out }) => {
        const read = (after?: string) => api.trustPolicies(org, after);
        const answer = await readPages('trust_policies', read, options, (policy) => String(policy.id));
        out.show(answer, () => ({
          columns: ['ID', 'NAME', 'SOURCE', 'CONDITIONS', 'ISSUER', 'AUDIENCE'],
          rows: answer.trust_policies.map((policy) => [
            String(policy.id),
            policy.name,
            policy.source,
            conditionsOf(policy),
            policy.issuer,
            policy.audience,
          ]),
          none: 'No workflow is trusted.',
        }));
      }),
    );

  trust
    .command('add')
    .description('Trust workflows that an issuer vouches for')
    .argument('<org>')
    .requiredOption('--name <text>', 'what it is for')
    .requiredOption('--issuer <url>', 'what the claim iss must be')
    .requiredOption('--audience <text>', 'what the claim aud must be')
    .requiredOption(
      '--source <source>',
      'the source of the organisation that the workflows are of, or a pattern of them',
    )
    .addOption(
      new Option(
        '--condition <claim=pattern>',
        'what another claim must be, * for anything; may be given several times',
      )
        .argParser(condition)
        .makeOptionMandatory(),
    )
    .option('--no-count-pulls', 'what they pull is no download')
    .action(
      commands.remote<Policy>(async ({ api, args: [org = ''], options, out }) => {
        const { name, issuer, audience, source, condition: conditions, countPulls } = options;
        const made = await api.createTrustPolicy(org, {
          name,
          issuer,
          audience,
          source,
          conditions,
          counts_pulls: countPulls,
        });
        out.show(made, () =>
          facts({ policy: String(made.id), name: made.name, source: made.source, conditions: conditionsOf(made) }),
        );
      }),
    );

  trust
    .command('remove')
    .description('Trust them no longer, at once')
    .argument('<org>')
    .argument('<id>', 'of berth trust list', id)
    .action(
      commands.remote(async ({ api, args: [org = '', policy = ''], out }) => {
        await api.removeTrustPolicy(org, policy);
        out.show({ id: Number(policy), removed: true }, () => `Trust policy ${policy} of ${org} is gone.`);
      }),
    );
}

function condition(text: string, before: Conditions = {}): Conditions {
  const at = text.indexOf('=');
  if (at > 0 && at < text.length - 1) return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
  throw new InvalidArgumentError('It must be CLAIM=PATTERN.');
}

const conditionsOf = ({ conditions }: TrustPolicyAnswer): string =>
  Object.entries(conditions)
    .map(([claim, pattern]) => `${claim}=${pattern}`)
    .join(' ');
