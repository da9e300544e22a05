import { toWireId } from '../ids.js';
import { ERRORS_MAX, type FieldError, listedRows, type Refusal, refuse } from '../result.js';
import type { BatchState } from './states.js';

/** Refusals that several actions on a batch share. */

/** `wrongRows` counts those of a file, listed or not. */
export const duplicateItems = (errors: readonly FieldError[], wrongRows = 0): Refusal =>
  refuse('duplicate_items', `${REPEATS_IN_IT}${listedRows(errors, wrongRows)}`, { errors: errors.slice(0, ERRORS_MAX) }).refusal;

const REPEATS_IN_IT = 'Items repeat payee, amount and reference. Take the repeats out, or set allow_duplicates if they are meant.';

/** `batchId` is the earlier batch. */
export const repeatedFile = (batchId: string): Refusal => {
  const id = toWireId('batch', batchId);
  return refuse('repeated_file', `${id} was made from the same file. If it is to be paid once more, send it with allow_duplicates.`, {
    extra: { batch_id: id },
  }).refusal;
};

/** A refusal of a file of which so many rows were stored before: what they say of payees stays. */
export const afterStoring = (refusal: Refusal, rows: number): Refusal =>
  rows === 0 ? refusal : { ...refusal, detail: `${refusal.detail.replace('Nothing was stored.', 'No payment was stored.')} ${PAYEES_STAY}` };

const PAYEES_STAY =
  'Another request came in between, while the file was being stored: new payees, names and accounts that the file gives may be in force. Look at its payees before you pay them.';

export const externalIdTaken = (externalId: string): Refusal =>
  refuse(
    'external_id_taken',
    'Another batch of this workspace has this external_id, and keeps it for ever, also when it was cancelled or rejected. Look at that batch, or send another external_id.',
    {
      extra: { external_id: externalId },
    },
  ).refusal;

export const noSuchBatch = () => refuse('not_found', 'There is no such batch in this workspace.');

export const wrongState = (verb: string, state: BatchState): Refusal =>
  refuse('wrong_state', `A batch in state ${state} does not take ${verb}.`, { extra: { state } }).refusal;
