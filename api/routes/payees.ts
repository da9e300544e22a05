import { addDestination } from '../../operations/payee/add-destination.js';
import { createPayee } from '../../operations/payee/create.js';
import { editPayee } from '../../operations/payee/edit.js';
import { holdPayee, releasePayee } from '../../operations/payee/hold.js';
import { listPayees } from '../../operations/payee/list.js';
import { showPayee } from '../../operations/payee/show.js';
import type { Handlers } from '../handlers.js';

export const payees: Pick<
  Handlers,
  'create_payee' | 'list_payees' | 'show_payee' | 'edit_payee' | 'add_destination' | 'hold_payee' | 'release_payee'
> = {
  create_payee: createPayee,
  list_payees: listPayees,
  show_payee: showPayee,
  edit_payee: editPayee,
  add_destination: addDestination,
  hold_payee: holdPayee,
  release_payee: releasePayee,
};
