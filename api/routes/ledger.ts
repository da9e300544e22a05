import { createAccount } from '../../operations/ledger/create-account.js';
import { listAccounts } from '../../operations/ledger/list-accounts.js';
import { listTransfers } from '../../operations/ledger/list-transfers.js';
import { topUp } from '../../operations/ledger/top-up.js';
import type { Handlers } from '../handlers.js';

export const ledger: Pick<Handlers, 'list_accounts' | 'create_account' | 'list_transfers' | 'top_up'> = {
  list_accounts: listAccounts,
  create_account: createAccount,
  list_transfers: listTransfers,
  top_up: topUp,
};
