import type { Command } from 'commander';
import type { ResponseOf } from '../../client/types.js';
import type { Cli } from '../cli.js';
import { CODE_OR_RECOVERY_CODE, withCode } from '../with-code.js';

type Stop = ResponseOf<'show_stop'>;

/** `sluice workspace`: how its people stop its money, and let it go on. */
export const workspaceCommands = (program: Command, cli: Cli): void => {
  const workspace = program.command('workspace').description('whether money moves in the workspace, and how its people stop it');
  const present = (shown: Stop): void => {
    cli.present(shown, () => stopText(shown));
    if (shown.stop) cli.suggest(`sluice workspace lift ${shown.stop.id}${shown.stop.lift ? '   (somebody else)' : ''}`);
  };

  workspace
    .command('show')
    .description('whether money moves; who stopped it, why, and who asked to lift it')
    .action(async () => present(await (await cli.connect()).client.show_stop({})));

  workspace
    .command('stop')
    .description('stop all money at once (asks for a code or a recovery code); people still sign in and read, and two of them lift it')
    .requiredOption('--reason <text>', 'for the others of the workspace')
    .action(async ({ reason }: { reason: string }) => {
      const { client } = await cli.connect();
      const send = (code: string, idempotencyKey: string) => client.stop_workspace({ reason, code }, { idempotencyKey });
      present(await withCode(cli, 'stop all money', send, CODE_OR_RECOVERY_CODE));
    });

  workspace
    .command('lift')
    .description('ask to lift the stop, or lift it when somebody else has asked (asks for a code)')
    .argument('<stop>', 'the stop that you looked at')
    .action(async (stop_id: string) => {
      const { client } = await cli.connect();
      present(await withCode(cli, 'lift the stop', (code, idempotencyKey) => client.lift_stop({ stop_id, code }, { idempotencyKey })));
    });
};

const stopText = ({ workspace_id, stopped_at, stop }: Stop): string =>
  [
    `${workspace_id}: ${stopped_at === null ? 'money moves' : `no money moves since ${stopped_at}`}`,
    ...(stop
      ? [
          `  ${stop.id}: stopped by ${stop.stopped_by.name}, ${stop.stopped_at}: ${stop.reason}`,
          stop.lift
            ? `  ${stop.lift.asked_by.name} asked to lift it, ${stop.lift.asked_at}; somebody else has to as well`
            : '  two people lift it, each with a code',
        ]
      : stopped_at === null
        ? []
        : ['  operators of the platform stopped it']),
  ].join('\n');
