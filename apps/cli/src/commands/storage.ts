import { type Command, Option } from 'commander';
import type { PackageUseAnswer } from '#contracts';
import { readPages } from '../api/pages.js';
import { type Commands, type ListOptions, listed } from '../command.js';
import { facts, type Output } from '../output/output.js';
import { age, number, size, time } from '../output/words.js';
import { packageOf } from '../package-name.js';

export function addStorage(program: Command, commands: Commands): void {
  const storage = program.command('storage').description('What is stored, and how much');

  storage
    .command('show')
    .description('Show counts and bytes of the whole instance')
    .action(
      commands.remote(async ({ api, out }) => {
        const answer = await api.storage();
        const rows = (
          [
            ['as packages see it', answer.logical],
            ['stored', answer.stored],
            ['saved by storing once', answer.deduplicated],
            ['waiting to be deleted', answer.awaiting_deletion],
          ] as const
        ).map(([what, { count, bytes }]) => [what, number(count), size(bytes)]);
        out.show(answer, () => ({ columns: ['WHAT', 'BLOBS', 'BYTES'], rows }));
        noteAge(answer, out);
      }),
    );

  listed(storage.command('orgs'))
    .description('List what organisations and users store, the largest first')
    .action(
      commands.remote<ListOptions>(async ({ api, options, out }) => {
        const answer = await readPages('namespaces', api.namespaceUse, options);
        out.show(answer, () => ({
          columns: ['NAME', 'STORED', 'EXCLUSIVE', 'SHARED', 'AS PACKAGES SEE IT'],
          rows: answer.namespaces.map((use) => [
            use.namespace,
            size(use.stored_bytes),
            size(use.exclusive_bytes),
            size(use.shared_bytes),
            size(use.logical_bytes),
          ]),
        }));
        noteAge(answer, out);
      }),
    );

  listed(storage.command('packages'))
    .description('List what packages store: the largest, or those pushed or pulled longest ago first')
    .addOption(new Option('--sort <by>', 'in the order of').choices(['size', 'pushed', 'pulled']).default('size'))
    .addOption(new Option('--order <order>', 'desc by size, asc otherwise unless said').choices(['asc', 'desc']))
    .action(
      commands.remote<ListOptions & { sort: string; order?: string }>(async ({ api, options, out }) => {
        const read = (after?: string) => api.packageUses(options.sort, options.order, after);
        const answer = await readPages('packages', read, options);
        out.show(answer, () => ({
          columns: ['PACKAGE', 'BYTES', 'EXCLUSIVE', 'SHARED', 'VERSIONS', 'PUSHED', 'PULLED'],
          rows: answer.packages.map((use) => [
            use.deleted_at === null ? use.package : `${use.package} (deleted)`,
            size(use.logical_bytes),
            size(use.exclusive_bytes),
            size(use.shared_bytes),
            number(use.versions),
            time(use.last_pushed_at),
            time(use.last_pulled_at),
          ]),
        }));
        noteAge(answer, out);
      }),
    );

  storage
    .command('package')
    .description('Show what a package stores')
    .argument('<owner/name>')
    .action(
      commands.remote(async ({ api, args: [text = ''], out }) => {
        const { owner, name } = packageOf(text);
        const use = await api.packageUse(owner, name);
        out.show(use, () => facts(factsOf(use)));
        noteAge(use, out);
      }),
    );
}

const factsOf = (use: PackageUseAnswer): Record<string, string> => ({
  package: use.package,
  ...(use.deleted_at !== null && { deleted: time(use.deleted_at) }),
  versions: number(use.versions),
  manifests: size(use.manifest_bytes),
  blobs: `${number(use.blobs)}, ${size(use.logical_bytes)}`,
  exclusive: size(use.exclusive_bytes),
  shared: size(use.shared_bytes),
  'last pushed': time(use.last_pushed_at),
  'last pulled': time(use.last_pulled_at),
});

const noteAge = ({ measured_at: at }: { measured_at: string | null }, out: Output): void =>
  out.note(at === null ? 'Not measured yet: the worker does so within the hour.' : `Measured ${age(at)} ago.`);
