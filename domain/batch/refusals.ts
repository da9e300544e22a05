import { ERRORS_MAX, type FieldError, type Refusal, refuse } from '../result.js';
import type { BatchState } from './states.js';

/** Refusals that several actions on a batch share. */

export const duplicateItems = (errors: readonly FieldError[]): Refusal =>
  refuse('duplicate_items', 'Items repeat payee, amount and reference. Take the repeats out, or set allow_duplicates if they are meant.', {
    errors: errors.slice(0, ERRORS_MAX),
  }).refusal;

export const externalIdTaken = (): Refusal =>
  refuse('external_id_taken', 'A batch of this workspace has this external_id. Read it with ?external_id=, or send another id.').refusal;

export const noSuchBatch = () => refuse('not_found', 'There is no such batch in this workspace.');

export const wrongState = (verb: string, state: BatchState): Refusal =>
  refuse('wrong_state', `A batch in state ${state} does not take ${verb}.`, { extra: { state } }).refusal;
