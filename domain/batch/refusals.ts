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

export const externalIdTaken = (externalId: string): Refusal =>
  refuse('external_id_taken', 'Another batch of this workspace has this external_id. Look at that batch, or send another external_id.', {
    extra: { external_id: externalId },
  }).refusal;

export const noSuchBatch = () => refuse('not_found', 'There is no such batch in this workspace.');

export const wrongState = (verb: string, state: BatchState): Refusal =>
  refuse('wrong_state', `A batch in state ${state} does not take ${verb}.`, { extra: { state } }).refusal;
