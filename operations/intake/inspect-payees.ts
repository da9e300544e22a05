import type { Destination } from '../../domain/destination.js';
import type { FieldError } from '../../domain/result.js';
import type { Context } from '../context.js';
import { checkPayees } from '../payee/ensure.js';
import type { InlinePayee, PayeeInput } from '../payee/payee-input.js';
import type { RailCapabilities, Stores } from '../ports.js';
import type { DestinationRow, PayeeRow } from '../stores/payees.js';
import { checkKind } from './check-payment.js';

/** What is known of one payment's payee before anything is written. */
export interface InspectedPayee {
  /** Bare member names; empty when nothing is wrong. */
  errors: FieldError[];
  /** Equal for payments to the same payee, however each names it. */
  identity: string;
}

type Known = Map<string, { payee: PayeeRow; destination: DestinationRow | null }>;

/** Checks the payees of any number of payments against workspace and rail, in three statements, writing nothing. */
export const inspectPayees = async (
  ctx: Context,
  stores: Stores,
  inputs: readonly PayeeInput[],
  capabilities: RailCapabilities,
): Promise<InspectedPayee[]> => {
  const wrong = await checkPayees(ctx, stores, inputs);
  const byReference = await stores.payees.byReference([...new Set(inputs.flatMap(({ payee }) => payee?.reference ?? []))]);
  const byId = await stores.payees.byIds([...new Set(inputs.flatMap(({ payee_id }) => payee_id ?? []))]);
  return inputs.map((input, i) => {
    const errors = wrong[i] ?? [];
    const known = knownOf(input, byReference, byId);
    const kind = errors.length === 0 ? kindOf(input.payee, known?.destination?.kind) : undefined;
    return {
      errors: kind ? checkKind(kind, capabilities) : errors,
      identity: known?.payee.id ?? input.payee_id ?? `new ${input.payee?.reference ?? ''}`,
    };
  });
};

const knownOf = (input: PayeeInput, byReference: Known, byId: Known) => {
  if (input.payee_id) return byId.get(input.payee_id);
  return input.payee ? byReference.get(input.payee.reference) : undefined;
};

/** Of details that were found right: exactly one group is given, or none and the known destination stays. */
const kindOf = (payee: InlinePayee | undefined, known: Destination['kind'] | undefined): Destination['kind'] | undefined => {
  if (payee?.iban) return 'iban';
  if (payee?.account_token) return 'account_token';
  return payee?.account_number ? 'us_bank' : known;
};
