import type { Command } from 'commander';
import type { MaintenanceAnswer } from '#contracts';
import type { Commands } from '../command.js';
import { facts, type Output } from '../output/output.js';
import { time } from '../output/words.js';

export function addMaintenance(program: Command, commands: Commands): void {
  const maintenance = program.command('maintenance').description('Read-only mode: clients pull and nothing else');

  maintenance
    .command('status')
    .description('Show whether clients may write')
    .action(commands.remote(async ({ api, out }) => show(await api.maintenance(), out)));

  maintenance
    .command('on')
    .description('Make the registry read-only, with the next request of every gateway')
    .option('--message <text>', 'what refused clients are told')
    .action(
      commands.remote<{ message?: string }>(async ({ api, options: { message }, out }) => {
        show(await api.setMaintenance({ read_only: true, ...(message !== undefined && { message }) }), out);
      }),
    );

  maintenance
    .command('off')
    .description('Let clients write again')
    .action(
      commands.remote(async ({ api, out }) => {
        const state = await api.setMaintenance({ read_only: false });
        show(state, out);
        if (state.by_setting) out.note('BERTH_READ_ONLY is on: clients write again when Berth is started without it.');
      }),
    );
}

const show = (state: MaintenanceAnswer, out: Output): void =>
  out.show(state, () =>
    facts({
      'read-only': state.read_only ? 'on' : state.by_setting ? 'on, by BERTH_READ_ONLY' : 'off',
      ...(state.message !== null && { message: state.message }),
      changed: state.changed_by === null ? 'never' : `${time(state.changed_at)} by ${state.changed_by}`,
    }),
  );
