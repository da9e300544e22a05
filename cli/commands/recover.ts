import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { confirmationSummary, proposalFacts } from '../render/exception.js';
import { table } from '../render/table.js';
import { withCode } from '../with-code.js';

interface RecoverOptions {
  plan?: boolean;
  reason?: string;
  confirm?: string;
}

/** `sluice recover`: after a backup was put back, two people bring the workspace to what the providers know. */
export const recoverCommand = (program: Command, cli: Cli): void => {
  program
    .command('recover')
    .description('after a backup was put back: find out what was paid since, with two people')
    .option('--plan', 'only say what it would do')
    .option('--reason <text>', 'propose it, for the second person and the audit log')
    .option('--confirm <proposal>', 'confirm it as the second person, with a code')
    .action(async ({ plan, reason, confirm }: RecoverOptions) => {
      const { client } = await cli.connect();
      if (confirm !== undefined) {
        const challenge = await client.ask_proposal_challenge({ proposal_id: confirm });
        cli.note(confirmationSummary(challenge));
        const confirmed = await withCode(cli, 'recover', (code, idempotencyKey) =>
          client.confirm_proposal({ proposal_id: confirm, challenge_id: challenge.id, code }, { idempotencyKey }),
        );
        cli.present(confirmed, () => proposalFacts(confirmed));
        return cli.suggest(`sluice exceptions show ${confirmed.exception_id}`);
      }
      const shown = await client.show_recovery({});
      if (plan || reason === undefined) {
        cli.present(shown, () =>
          [
            shown.reason ?? 'Nothing has to be recovered.',
            `Known until ${shown.known_until}. ${shown.connections} rail connections are asked what they have since.`,
            table(
              ['BATCH', 'STATE', 'OPEN', 'STEP'],
              shown.batches.map((one) => [one.id, one.state, String(one.open), one.step]),
            ),
          ].join('\n'),
        );
        if (plan) return cli.suggest('sluice recover --reason TEXT');
        throw new Failure(EXIT.usage, 'Give the reason, for the second person and the audit log.', 'sluice recover --reason TEXT');
      }
      const made = await client.propose_recovery({ reason, plan_digest: shown.digest });
      cli.present(made, () => proposalFacts(made));
      cli.suggest(`sluice recover --confirm ${made.id}   (a second person, with a code)`);
    });
};
