import type { Command } from 'commander';
import { readPages } from '../api/pages.js';
import { type Commands, type ListOptions, listed } from '../command.js';
import { age, size, time } from '../output/words.js';

export function addUploads(program: Command, commands: Commands): void {
  const uploads = program.command('uploads').description('Open upload sessions of everybody');

  listed(uploads.command('list'))
    .description('List open upload sessions, the oldest first')
    .action(
      commands.remote<ListOptions>(async ({ api, options, out }) => {
        const answer = await readPages('uploads', api.uploads, options);
        out.show(answer, () => ({
          columns: ['UPLOAD', 'PACKAGE', 'BY', 'STATE', 'BYTES', 'AGE', 'EXPIRES'],
          rows: answer.uploads.map((upload) => [
            upload.id,
            upload.package,
            upload.login ?? upload.principal,
            upload.direct ? `${upload.state}, direct` : upload.state,
            size(upload.bytes),
            age(upload.created_at),
            time(upload.expires_at),
          ]),
          none: 'No upload is open.',
        }));
      }),
    );

  uploads
    .command('cancel')
    .description('End an upload session, and delete what it brought')
    .argument('<id>', 'of berth uploads list')
    .action(
      commands.remote(async ({ api, args: [id = ''], out }) => {
        await api.cancelUpload(id);
        out.show({ id, cancelled: true }, () => `Upload ${id} has ended.`);
      }),
    );
}
