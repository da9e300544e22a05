import { canonicalAccount, type Destination, parseDestination } from '../../domain/destination.js';
import { canonicalBytes } from '../../domain/hashing.js';
import type { FieldError } from '../../domain/result.js';
import type { Context } from '../context.js';
import { givesDestination, type PayeeInput } from '../payee/details.js';
import { type DecidedInput, decidePayees } from '../payee/plan.js';
import type { Stores } from '../ports.js';
import type { RailCapabilities } from '../rail.js';
import type { Said } from './said-payees.js';

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
  else if (!characters.test(payment.reference))
    errors.push({ field: 'reference', reason: 'reference_characters', message: `this rail takes ${describe} in a reference` });
  return errors;
};

/** What the first check finds about one payment's payee. */
export interface InspectedPayee {
  /** Bare member names, of this payment by itself; empty when nothing is wrong. */
  errors: FieldError[];
  /** What it says of its payee, to be compared with other payments; null when nobody knows which payee is meant. */
  said: Said | null;
}

/** Checks the payees of any number of payments against workspace and rail, in a fixed number of statements. Writes nothing. */
export const inspectPayees = async (
  ctx: Context,
  stores: Stores,
  inputs: readonly PayeeInput[],
  capabilities: RailCapabilities,
): Promise<InspectedPayee[]> => {
  const decided = await decidePayees(ctx, stores, inputs, 'check');
  return decided.map((one, i) => ({ errors: errorsOf(one, capabilities), said: saidBy(ctx, inputs[i] ?? {}, one) }));
};

const errorsOf = (decided: DecidedInput, capabilities: RailCapabilities): FieldError[] => {
  if ('errors' in decided) return decided.errors;
  return checkKind('newest' in decided ? decided.newest.kind : decided.sentTo.destination.kind, capabilities);
};

const saidBy = (ctx: Context, { payee }: PayeeInput, decided: DecidedInput): Said | null => {
  const { known } = decided;
  const reference = known?.reference ?? payee?.reference;
  if (reference === undefined) return null;
  // What is right is read already.
  const read = 'sentTo' in decided ? decided.sentTo : null;
  const named = payee && givesDestination(payee) ? (read ?? parseDestination(payee)) : null;
  const destination = named && 'destination' in named ? named.destination : null;
  return {
    ...{ reference, isNew: known === null, name: payee?.name, country: payee?.country, payeeType: payee?.payee_type },
    account: destination && ctx.services.sha256(canonicalBytes(canonicalAccount(destination))),
    accountField: destination ? FIELD_OF[destination.kind] : named && 'destination',
  };
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
