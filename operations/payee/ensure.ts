import type { Destination, RawDestination } from '../../domain/destination.js';
import type { FieldError } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';

/** How a payment names its payee: by id, or inline by the caller's own reference with what describes it. */
export interface PayeeInput {
  payee_id?: string | undefined;
  payee?: InlinePayee | undefined;
}

/** Of a new payee all is needed; of a known one what is left out stays as its newest destination has it. */
export interface InlinePayee extends RawDestination {
  reference: string;
  name?: string | undefined;
  payee_type?: 'individual' | 'company' | undefined;
  country?: string | undefined;
}

/** The immutable destination version that an item points at. */
export interface EnsuredPayee {
  payeeId: string;
  destinationId: string;
  commitment: Uint8Array;
  kind: Destination['kind'];
  /** What this call wrote for the input: a payee with its first destination, a further destination, or nothing. */
  made: 'payee' | 'destination' | 'nothing';
}

export type EnsureAnswer = EnsuredPayee | { errors: FieldError[] };

/**
 * Finds or makes the payees of up to 10,000 payments, in the order of `inputs`. All or nothing: when any input is
 * wrong nothing is written, and the others answer with an empty list of errors.
 *
 * `field` of an error is the bare member (`name`, `iban`, `payee_id`); the caller puts its own path before it.
 */
export const ensurePayees = async (_ctx: Context, _stores: Stores, _inputs: readonly PayeeInput[]): Promise<EnsureAnswer[]> => {
  throw new Error('payees cannot be made yet');
};

/** The same checks without writing: per input what is wrong with it, an empty list when nothing is. */
export const checkPayees = async (_ctx: Context, _stores: Stores, _inputs: readonly PayeeInput[]): Promise<FieldError[][]> => {
  throw new Error('payees cannot be checked yet');
};
