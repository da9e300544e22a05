import { toWireId } from '../ids.js';
import { ERRORS_MAX, type FieldError, type Refusal, refuse } from '../result.js';
import type { BatchState } from './states.js';

/** Refusals that several actions on a batch share. */

export const duplicateItems = (errors: readonly FieldError[]): Refusal =>
  refuse('duplicate_items', 'Items repeat payee, amount and reference. Take the repeats out, or set allow_duplicates if they are meant.', {
    errors: errors.slice(0, ERRORS_MAX),
  }).refusal;

/** `batchId` is the earlier batch. */
export const repeatedFile = (batchId: string): Refusal => {
  const id = toWireId('batch', batchId);
  return refuse('repeated_file', `${id} was made from the same file. If it is to be paid once more, send it with allow_duplicates.`, {
    extra: { batch_id: id },
  }).refusal;
};

/** `batchId` is the earlier batch that has most of the payments. */
export const repeatedPayments = (count: number, batchId: string): Refusal => {
  const id = toWireId('batch', batchId);
  const said = `${count} ${count === 1 ? 'payment equals one that is' : 'payments equal ones that are'} paid or open already, most of them in ${id}`;
  return refuse('repeated_payments', `${said}. Take them out, or send the batch with allow_duplicates if they are to be paid once more.`, {
    extra: { batch_id: id, count },
  }).refusal;
};

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
