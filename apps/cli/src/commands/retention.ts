import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { NamespaceRetentionPreviewAnswer, RetentionPreviewAnswer } from '#contracts';
import type { AdminApi } from '../api/admin-api.js';
import { readPages } from '../api/pages.js';
import { type Commands, type ListOptions, listed } from '../command.js';
import { Failure } from '../failure.js';
import { size, time } from '../output/words.js';
import { packageOf } from '../package-name.js';

export function addRetention(program: Command, commands: Commands): void {
  const retention = program.command('retention').description('Retention policies: which tags they take away');

  listed(retention.command('preview'))
    .description(
      'Tell what a policy would do to each tag of a package, or of all packages of an owner, and why; nothing changes',
    )
    .argument('<owner or owner/name>')
    .option('--policy <file>', 'JSON of the policy to try, in place of the one that counts')
    .addOption(new Option('--only <which>', 'only these').choices(['removed', 'kept']))
    .action(
      commands.remote<ListOptions & { only?: string; policy?: string }>(
        async ({ api, args: [text = ''], options, out }) => {
          const of = text.includes('/') ? packageOf(text) : { owner: text, name: undefined };
          const { policy: file, only } = options;
          const policy = file === undefined ? undefined : readPolicy(file);
          let [exclusive, shared] = [0, 0];
          const read = async (after?: string) => {
            const page = await previewOf(api, of, policy, { only, after });
            exclusive += page.freed.exclusive_bytes;
            shared += page.freed.shared_bytes;
            return { ...page, freed: { ...page.freed, exclusive_bytes: exclusive, shared_bytes: shared } };
          };
          const answer = await readPages('tags', read, options);
          out.show(answer, () => ({
            columns: [...(of.name ? [] : ['PACKAGE']), 'TAG', 'DECISION', 'PUSHED', 'LAST PULLED', 'WHY'],
            rows: answer.tags.map((tag) => [
              ...(of.name ? [] : ['package' in tag ? tag.package : '']),
              tag.name,
              tag.decision,
              time(tag.pushed_at),
              time(tag.pulled_at),
              tag.reasons.join('; '),
            ]),
            none: 'There are no such tags.',
          }));
          out.note(`That frees ${size(exclusive)}; ${size(shared)} stay, as others use them.`);
        },
      ),
    );
}

/** `policy` in place of the one that counts; without a name of all packages of the owner. */
function previewOf(
  api: AdminApi,
  { owner, name }: { owner: string; name: string | undefined },
  policy: unknown,
  query: { only: string | undefined; after: string | undefined },
): Promise<RetentionPreviewAnswer | NamespaceRetentionPreviewAnswer> {
  if (name === undefined) {
    return policy === undefined
      ? api.previewNamespaceRetention(owner, query)
      : api.tryNamespaceRetention(owner, policy, query);
  }
  return policy === undefined ? api.previewRetention(owner, name, query) : api.tryRetention(owner, name, policy, query);
}

/** Errors: Failure. */
function readPolicy(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Failure('usage', code ? `${file} cannot be read: ${code}` : `${file} holds no JSON`);
  }
}
