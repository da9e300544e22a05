import type { Client } from '../client/client.js';
import type { ResponseOf } from '../client/types.js';
import { EXIT, Failure } from './failure.js';

type Account = ResponseOf<'list_accounts'>['data'][number];

/** All funding accounts of the workspace, the first ones first. */
export const fundingAccounts = async (client: Client): Promise<Account[]> => {
  const accounts: Account[] = [];
  for (let after: string | undefined, more = true; more; ) {
    const page = await client.list_accounts({ kind: 'funding', limit: 200, starting_after: after });
    accounts.unshift(...page.data.toReversed());
    more = page.has_more;
    after = page.next_cursor ?? undefined;
  }
  return accounts;
};

/** The funding account of an id or a name, in a currency where one is given. Fails when there is none, or several have the name. */
export const findAccount = async (client: Client, name: string, currency?: string): Promise<Account> => {
  const accounts = await fundingAccounts(client);
  const byId = accounts.find(({ id }) => id === name);
  const found = byId ? [byId] : accounts.filter((one) => one.name === name && (currency === undefined || one.currency === currency));
  const [account] = found;
  if (!account) throw new Failure(EXIT.failed, `There is no funding account with the id or name ${name}.`, 'sluice ledger accounts', 'not_found');
  if (found.length > 1)
    throw new Failure(EXIT.usage, `${found.length} funding accounts are called ${name}, in other currencies; give the id.`, 'sluice ledger accounts');
  return account;
};
