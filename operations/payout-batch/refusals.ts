import type { BatchState } from '../../domain/batch/states.js';
import { type FieldError, type Refusal, refuse } from '../../domain/result.js';
import { ERRORS_MAX } from '../intake/check-payment.js';

/** Refusals that several verbs of a batch give, worded once. */

export const wrongInput = (errors: readonly FieldError[]): Refusal =>
  refuse('invalid_request', `Nothing was stored. Mend ${howMany(errors)} and send the request again.`, { errors: errors.slice(0, ERRORS_MAX) })
    .refusal;

export const wrongCsv = (errors: readonly FieldError[]): Refusal =>
  refuse('invalid_csv', `Nothing was stored. Mend ${howMany(errors)} and send the file again.`, { errors: errors.slice(0, ERRORS_MAX) }).refusal;

export const duplicateItems = (errors: readonly FieldError[]): Refusal =>
  refuse('duplicate_items', 'Items repeat payee, amount and reference. Take the repeats out, or set allow_duplicates if they are meant.', {
    errors: errors.slice(0, ERRORS_MAX),
  }).refusal;

export const externalIdTaken = (): Refusal =>
  refuse('external_id_taken', 'A batch of this workspace has this external_id. Read it with ?external_id=, or send another id.').refusal;

export const noSuchBatch = () => refuse('not_found', 'There is no such batch in this workspace.');

export const wrongState = (verb: string, state: BatchState): Refusal =>
  refuse('wrong_state', `A batch in state ${state} does not take ${verb}.`, { extra: { state } }).refusal;

const howMany = (errors: readonly FieldError[]): string => {
  if (errors.length === 1) return 'the error';
  return errors.length > ERRORS_MAX || errors.length === 0 ? `the errors (the first ${ERRORS_MAX} are listed)` : `the ${errors.length} errors`;
};
