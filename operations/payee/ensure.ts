import type { Destination } from '../../domain/destination.js';
import type { FieldError } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { PayeeInput } from './payee-input.js';
import { type PlannedInput, planPayees } from './plan.js';
import { type Made, type Written, writePayees } from './write.js';

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

/** Concurrent calls may take a reference or a version between reading and writing; each round sees what they took. */
const ROUNDS_MAX = 20;

/**
 * Finds or makes the payees of up to 10,000 payments, in the order of `inputs`. A payee is matched by its reference; when
 * its details differ from its newest destination, a new version is added. All or nothing: when any input is wrong
 * nothing is written, and the others answer with an empty list of errors.
 *
 * `field` of an error is the bare member (`name`, `iban`, `payee_id`); the caller puts its own path before it.
 */
export const ensurePayees = async (ctx: Context, stores: Stores, inputs: readonly PayeeInput[]): Promise<EnsureAnswer[]> => {
  const made: Made = { payees: new Set(), destinations: new Set() };
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    const plan = await planPayees(ctx, stores, inputs);
    if (plan.some((input) => 'errors' in input)) {
      if (round > 1) throw new Error('a payee was changed by somebody else meanwhile; the whole request may be sent again');
      return plan.map((input) => ('errors' in input ? input : { errors: [] }));
    }
    const payees = plan.flatMap((input) => ('payee' in input ? input.payee : []));
    const written = await writePayees(ctx, stores, payees, made);
    if (written) return plan.map((input) => answerOf(input, written, made));
  }
  throw new Error('payees of this request are being changed by others all the time; send it again');
};

/** The same checks without writing: per input what is wrong with it, an empty list when nothing is. */
export const checkPayees = async (ctx: Context, stores: Stores, inputs: readonly PayeeInput[]): Promise<FieldError[][]> => {
  const plan = await planPayees(ctx, stores, inputs);
  return plan.map((input) => ('errors' in input ? input.errors : []));
};

const answerOf = (input: PlannedInput, written: Written, made: Made): EnsureAnswer => {
  if ('errors' in input) return input;
  const row = 'sentTo' in input.use ? written.get(input.use) : input.use;
  if (!row) throw new Error('a planned destination was not written');
  const { id, payeeId, commitment, kind } = row;
  const what = made.payees.has(payeeId) ? 'payee' : made.destinations.has(id) ? 'destination' : 'nothing';
  return { payeeId, destinationId: id, commitment, kind, made: what };
};
