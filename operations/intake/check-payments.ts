import type { Destination } from '../../domain/destination.js';
import type { FieldError } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { PayeeInput } from '../payee/details.js';
import { decidePayees } from '../payee/plan.js';
import type { Stores } from '../ports.js';
import type { RailCapabilities } from '../rail.js';

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
  /** Bare member names; empty when nothing is wrong. */
  errors: FieldError[];
  /** Of a payee without errors: equal for payments to the same payee, whether they name it by id or by reference. */
  identity: string;
  /** The workspace does not know this payee yet. */
  isNew: boolean;
}

/** Checks the payees of any number of payments against workspace and rail, in a fixed number of statements. Writes nothing. */
export const inspectPayees = async (
  ctx: Context,
  stores: Stores,
  inputs: readonly PayeeInput[],
  capabilities: RailCapabilities,
): Promise<InspectedPayee[]> => {
  const decided = await decidePayees(ctx, stores, inputs, 'check');
  return decided.map((input) => {
    const isNew = input.known === null;
    if ('errors' in input) return { errors: input.errors, identity: '', isNew };
    const kind = 'newest' in input ? input.newest.kind : input.sentTo.destination.kind;
    return { errors: checkKind(kind, capabilities), identity: input.known?.id ?? `new ${input.reference}`, isNew };
  });
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
