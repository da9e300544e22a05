import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ResponseOf } from '../../client/types.js';
import { breakable } from '../break-off.js';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { confirmationSummary, proposalFacts } from '../render/exception.js';
import { recoveryText } from '../render/recovery.js';
import { forWhoMay } from '../who-may.js';
import { withCode } from '../with-code.js';

type Recovery = ResponseOf<'show_recovery'>;
type Client = Awaited<ReturnType<Cli['connect']>>['client'];

interface RecoverOptions {
  plan?: boolean;
  reason?: string;
  confirm?: string;
  wait: boolean;
}

const POLL_MS = 1_000;
/** After this long without an end the command says what may be wrong. */
const SLOW_MS = 15_000;

/** `sluice recover`: after a backup was put back, two people bring the workspace to what the providers know. */
export const recoverCommand = (program: Command, cli: Cli): void => {
  program
    .command('recover')
    .description('after a backup was put back: find out what was paid since, with two people')
    .option('--plan', 'only say what it would do, and where the newest recovery stands')
    .option('--reason <text>', 'propose it, for the second person and the audit log')
    .option('--confirm <proposal>', 'confirm it as the second person, with a code, and wait until it is carried out')
    .option('--no-wait', 'with --confirm: do not wait')
    .addHelpText(
      'after',
      '\nThe first person reads the plan and proposes it with --reason; a second one confirms with --confirm and a code; the worker\n' +
        'carries it out. Then restart API and worker. Without options the command shows the plan and says what comes next.',
    )
    .action(async ({ plan, reason, confirm, wait }: RecoverOptions) => {
      if ([plan, reason, confirm].filter((one) => one !== undefined).length > 1)
        throw new Failure(EXIT.usage, 'Give one of --plan, --reason and --confirm.', 'sluice recover --help');
      if (!wait && confirm === undefined) throw new Failure(EXIT.usage, '--no-wait belongs to --confirm.', 'sluice recover --help');
      const { client } = await cli.connect();
      if (confirm !== undefined) return confirmRecovery(cli, client, confirm, wait);
      const shown = await client.show_recovery({});
      if (reason === undefined) {
        cli.present(shown, () => recoveryText(shown));
        return cli.suggest(nextStep(cli, shown));
      }
      const made = await client.propose_recovery({ reason, plan_digest: shown.digest });
      cli.present(made, () => proposalFacts(made));
      cli.suggest(confirmStep(cli, made.id));
    });
};

const confirmRecovery = async (cli: Cli, client: Client, proposalId: string, wait: boolean): Promise<void> => {
  const challenge = await client.ask_proposal_challenge({ proposal_id: proposalId });
  cli.note(confirmationSummary(challenge));
  const confirmed = await withCode(cli, 'recover', (code, idempotencyKey) =>
    client.confirm_proposal({ proposal_id: proposalId, challenge_id: challenge.id, code }, { idempotencyKey }),
  );
  if (!wait) {
    cli.present(confirmed, () => proposalFacts(confirmed));
    return cli.suggest('sluice recover   (says where it stands)');
  }
  const ended = await carriedOut(cli, client);
  cli.present(ended, () => recoveryText(ended));
  if (ended.proposal?.state === 'refused')
    throw new Failure(EXIT.failed, `The recovery was refused: ${ended.proposal.problem}. Nothing was changed.`, nextStep(cli, ended));
  cli.suggest(nextStep(cli, ended));
};

/** Waits until the worker has carried the confirmed recovery out. Ending the command leaves the recovery as it is. */
const carriedOut = (cli: Cli, client: Client): Promise<Recovery> =>
  breakable(
    (signal) => waitedFor(cli, client, signal),
    () => ({
      message: 'Broken off; the recovery is confirmed, and the worker carries it out without this command.',
      hint: 'sluice recover   (says where it stands)',
    }),
  );

const waitedFor = async (cli: Cli, client: Client, signal: AbortSignal): Promise<Recovery> => {
  cli.note('Confirmed. The worker carries it out: it looks at every open batch and asks every rail connection.');
  const since = performance.now();
  for (let told = false; ; await pause(POLL_MS, undefined, { signal })) {
    const shown = await client.show_recovery({}, { signal });
    if (shown.proposal?.state !== 'confirmed') return shown;
    if (told || performance.now() - since < SLOW_MS) continue;
    cli.note(
      'It has not ended yet. Does the worker run? Its log says what it does. Ctrl-C leaves the recovery as it is; `sluice recover` says more.',
    );
    told = true;
  }
};

/** What comes next, by where the newest recovery stands. */
const nextStep = (cli: Cli, { reason, proposal }: Recovery): string => {
  if (reason === null) return 'sluice exceptions list';
  if (proposal?.state === 'proposed') return confirmStep(cli, proposal.id);
  if (proposal?.state === 'confirmed') return 'sluice recover   (the worker carries it out; look again)';
  if (proposal?.state === 'applied') return 'restart API and worker, then: sluice exceptions list';
  return forWhoMay('recover --reason TEXT', 'propose_recovery', cli);
};

const confirmStep = (cli: Cli, proposal: string): string =>
  forWhoMay(
    `recover --confirm ${proposal}`,
    'confirm_proposal',
    cli,
    'a second person, with a code',
    cli.as === 'authorizer' ? 'approver' : 'authorizer',
  );
