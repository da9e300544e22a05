import type { Command } from 'commander';
import { fromWireId } from '../../domain/ids.js';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { findAccount, fundingAccounts } from '../find-account.js';
import { findBatch } from '../find-batch.js';
import { type PageOptions, pageOf, suggestMore, withPage } from '../paging.js';
import { money } from '../render/money.js';
import { table } from '../render/table.js';
import { typedAmount } from '../typed-amount.js';
import { forWhoMay } from '../who-may.js';

export const ledgerCommands = (program: Command, cli: Cli): void => {
  const ledger = program.command('ledger').description('accounts, balances, transfers');

  withPage(ledger.command('accounts').description('accounts and their balances').option('--currency <code>')).action(
    async ({ currency, ...page }: PageOptions & { currency?: string }, command: Command) => {
      const { client } = await cli.connect();
      const accounts = await client.list_accounts({ currency, ...pageOf(page) });
      cli.present(accounts, () =>
        table(
          ['ACCOUNT', 'KIND', 'NAME', 'BALANCE'],
          accounts.data.map((one) => [one.id, one.kind, one.name, money(one.balance, one.currency)]),
        ),
      );
      suggestMore(cli, command, accounts);
    },
  );

  withPage(
    ledger
      .command('transfers')
      .description('transfers, newest first')
      .option('--account <account>', 'only of this account: its id, or the name of a funding account')
      .option('--batch <batch>', 'only of this batch: its id, or your external id'),
  ).action(async ({ account, batch, ...page }: PageOptions & { account?: string; batch?: string }, command: Command) => {
    const { client } = await cli.connect();
    const account_id = account === undefined || fromWireId('account', account) !== null ? account : (await findAccount(client, account)).id;
    const batch_id = batch === undefined ? undefined : await findBatch(client, batch);
    const transfers = await client.list_transfers({ account_id, batch_id, ...pageOf(page) });
    cli.present(transfers, () =>
      table(
        ['TRANSFER', 'KIND', 'AMOUNT', 'DEBIT', 'CREDIT', 'AT'],
        transfers.data.map((one) => [one.id, one.kind, money(one.amount, one.currency), one.debit_account_id, one.credit_account_id, one.created_at]),
      ),
    );
    suggestMore(cli, command, transfers);
  });

  ledger
    .command('create-account')
    .description('make another funding account; batches without --funding-account are still paid from the first in their currency')
    .argument('<name>', 'what people call it, once in a currency')
    .requiredOption('--currency <code>', 'ISO 4217, such as EUR')
    .action(async (name: string, { currency }: { currency: string }) => {
      const { client } = await cli.connect();
      const made = await client.create_account({ kind: 'funding', name, currency });
      // A stored answer holds the balance of then.
      const now = cli.replayed() ? await findAccount(client, made.id) : made;
      cli.present(made, () => `${now.name}: ${now.id}, ${money(now.balance, now.currency)}`);
      cli.suggest(forWhoMay(`ledger top-up AMOUNT --account ${made.id}`, 'top_up', cli, 'sandbox money only'));
    });

  ledger
    .command('top-up')
    .description('put sandbox money into a funding account (test workspaces only)')
    .argument('<amount>', 'with the decimals of the currency, such as 1000.00 or 1,000.00')
    .option('--account <account>', 'its id or its name; default: your only funding account')
    .action(async (text: string, { account }: { account?: string }) => {
      const { client } = await cli.connect();
      const found = account === undefined ? onlyOne(await fundingAccounts(client)) : await findAccount(client, account);
      const topped = await client.top_up({ account_id: found.id, amount: Number(typedAmount(text, found.currency)) });
      const then = money(topped.balance, topped.currency);
      // A stored answer holds the balance of then.
      const now = cli.replayed() && (await findAccount(client, topped.id));
      cli.present(topped, () => `${topped.name}: ${now ? `${money(now.balance, now.currency)} now, ${then} after that top-up` : then}`);
    });
};

const onlyOne = <Account>(accounts: readonly Account[]): Account => {
  const [only] = accounts;
  if (only === undefined || accounts.length > 1)
    throw new Failure(EXIT.usage, `Give --account: the workspace has ${accounts.length} funding accounts.`, 'sluice ledger accounts');
  return only;
};
