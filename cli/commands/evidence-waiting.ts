import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { type PageOptions, pageOf, suggestMore, withPage } from '../paging.js';
import { money } from '../render/money.js';
import { table } from '../render/table.js';

type Filter = PageOptions & { connection?: string };

/** `sluice parked` and `sluice deliveries`: what providers said that could not be used. */
export const waitingCommands = (program: Command, cli: Cli): void => {
  const parked = program.command('parked').description('evidence of providers that fits nothing yet');
  withPage(parked.command('list').description('list it, newest first').option('--connection <id>', 'only of one rail connection')).action(
    async ({ connection, ...page }: Filter, command: Command) => {
      const { client } = await cli.connect();
      const listed = await client.list_parked_evidence({ ...pageOf(page), connection_id: connection });
      cli.present(listed, () =>
        table(
          ['EVIDENCE', 'KEY', 'OUTCOME', 'AMOUNT', 'REFERENCE', 'WHY', 'SINCE'],
          listed.data.map((one) => {
            const amount = one.amount === null ? null : one.currency === null ? String(one.amount) : money(one.amount, one.currency);
            return [one.id, one.payment_key, one.outcome, amount, one.provider_reference, one.reason, one.created_at];
          }),
        ),
      );
      suggestMore(cli, command, listed);
    },
  );
  parked
    .command('discard')
    .description('stop waiting for an item that it fits')
    .argument('<evidence>')
    .requiredOption('--reason <text>', 'why, for the audit log')
    .action(async (id: string, { reason }: { reason: string }) => {
      const { client } = await cli.connect();
      const discarded = await client.discard_parked_evidence({ parked_evidence_id: id, reason });
      cli.present(discarded, () => `${discarded.id} is discarded.`);
    });

  const deliveries = program.command('deliveries').description('webhooks that were stored: those that cannot be read, and replay');
  withPage(
    deliveries.command('list').description('list those that cannot be read').option('--connection <id>', 'only of one rail connection'),
  ).action(async ({ connection, ...page }: Filter, command: Command) => {
    const { client } = await cli.connect();
    const listed = await client.list_deliveries({ ...pageOf(page), connection_id: connection });
    cli.present(listed, () =>
      table(
        ['DELIVERY', 'CONNECTION', 'RECEIVED', 'TRIES', 'PROBLEM', 'NEXT TRY'],
        listed.data.map((one) => [one.id, one.connection_id, one.received_at, one.attempts, one.problem, one.next_at]),
      ),
    );
    suggestMore(cli, command, listed);
  });
  deliveries
    .command('discard')
    .description('stop trying to read one')
    .argument('<delivery>')
    .requiredOption('--reason <text>', 'why, for the audit log')
    .action(async (id: string, { reason }: { reason: string }) => {
      const { client } = await cli.connect();
      const discarded = await client.discard_delivery({ delivery_id: id, reason });
      cli.present(discarded, () => `${discarded.id} is discarded.`);
    });
  deliveries
    .command('replay')
    .description('reduce stored deliveries of a rail connection once more; it is always safe')
    .argument('<connection>')
    .option('--since <time>', 'only those received since, RFC 3339')
    .option('--delivery <id>', 'only this one')
    .action(async (id: string, { since, delivery }: { since?: string; delivery?: string }) => {
      const { client } = await cli.connect();
      const replayed = await client.replay_deliveries({ connection_id: id, since, delivery_id: delivery });
      cli.present(replayed, () => `${replayed.count} deliveries are due again.`);
    });
};
