import type { Destination } from '../../domain/destination.js';
import { type FieldError, textErrors } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { InlinePayee, PayeeInput } from '../payee/details.js';
import { checkPayees } from '../payee/ensure.js';
import type { Stores } from '../ports.js';
import type { RailCapabilities } from '../rail.js';
import type { DestinationRow, PayeeRow } from '../stores/payees.js';

export interface PaymentText {
  reference: string;
  remittance: string;
  /** As the item states it. Undefined means the batch's currency. */
  currency?: string | undefined;
}

/** What rail and batch do not accept of one payment; its payee is checked apart. Fields are bare member names. */
export const checkPayment = (payment: PaymentText, currency: string, capabilities: RailCapabilities): FieldError[] => {
  const errors: FieldError[] = [];
  const { maxLength, characters, describe } = capabilities.reference;
  if (payment.currency !== undefined && payment.currency !== currency)
    errors.push({ field: 'currency', reason: 'other_currency', message: 'a batch has one currency; make a batch for each' });
  if (payment.reference.length > maxLength)
    errors.push({ field: 'reference', reason: 'reference_too_long', message: `this rail takes references of at most ${maxLength} characters` });
  else if (textErrors('reference', payment.reference).length > 0 || !characters.test(payment.reference))
    errors.push({ field: 'reference', reason: 'reference_characters', message: `this rail takes ${describe} in a reference` });
  errors.push(...textErrors('remittance', payment.remittance));
  return errors;
};

/** What the first check finds about one payment's payee. */
export interface InspectedPayee {
  /** Bare member names; empty when nothing is wrong. */
  errors: FieldError[];
  /** Equal for payments to the same payee, whether they name it by id or by reference. */
  identity: string;
}

type Known = Map<string, { payee: PayeeRow; destination: DestinationRow | null }>;

/** Checks the payees of any number of payments against workspace and rail, in a fixed number of statements. Writes nothing. */
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

/** The kind that will be paid, of details that are right: one group of destination fields is given, or none and the known destination stays. */
const kindOf = (payee: InlinePayee | undefined, known: Destination['kind'] | undefined): Destination['kind'] | undefined => {
  if (payee?.iban) return 'iban';
  if (payee?.account_token) return 'account_token';
  return payee?.account_number ? 'us_bank' : known;
};

/** Whether the rail pays to this kind of destination. */
const checkKind = (kind: Destination['kind'], capabilities: RailCapabilities): FieldError[] =>
  capabilities.destinations.includes(kind)
    ? []
    : [{ field: FIELD_OF[kind], reason: 'destination_not_on_rail', message: `this rail pays to ${capabilities.destinations.join(', ')} only` }];

const FIELD_OF: Readonly<Record<Destination['kind'], string>> = { iban: 'iban', us_bank: 'account_number', account_token: 'account_token' };

/** A rail that sends a whole batch as one artefact takes no more than one chunk of it (R20). */
export const checkUnit = (field: string, count: number, { unit, chunkSize }: RailCapabilities): FieldError[] =>
  unit === 'batch' && count > chunkSize
    ? [{ field, reason: 'too_many_for_rail', message: `this rail pays a batch as one, of at most ${chunkSize} payments; make several batches` }]
    : [];
