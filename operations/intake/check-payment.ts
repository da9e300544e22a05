import type { Destination } from '../../domain/destination.js';
import type { FieldError } from '../../domain/result.js';
import type { RailCapabilities } from '../ports.js';

/** Most problems of one input that are told at once. */
export const ERRORS_MAX = 100;

/** Control characters and lone surrogates: the database would refuse or change them, and then the leaf would not match. */
const UNFIT = /[\p{Cc}\p{Cs}]/u;

export const textError = (field: string, text: string): FieldError | null =>
  UNFIT.test(text) ? { field, reason: 'control_characters', message: 'leave out control characters and broken Unicode' } : null;

export interface PaymentText {
  reference: string;
  remittance: string;
  /** As the item states it; undefined takes the batch's. */
  currency?: string | undefined;
}

/** What the rail and the batch have against one payment, its payee apart. Fields are bare member names. */
export const checkPayment = (payment: PaymentText, currency: string, capabilities: RailCapabilities): FieldError[] => {
  const errors: FieldError[] = [];
  const { maxLength, characters, describe } = capabilities.reference;
  if (payment.currency !== undefined && payment.currency !== currency)
    errors.push({ field: 'currency', reason: 'other_currency', message: 'a batch has one currency; make a batch for each' });
  if (payment.reference.length > maxLength)
    errors.push({ field: 'reference', reason: 'reference_too_long', message: `this rail takes references of at most ${maxLength} characters` });
  else if (UNFIT.test(payment.reference) || !characters.test(payment.reference))
    errors.push({ field: 'reference', reason: 'reference_characters', message: `this rail takes ${describe} in a reference` });
  const remittance = textError('remittance', payment.remittance);
  if (remittance) errors.push(remittance);
  return errors;
};

/** Whether the rail pays to this kind of destination. */
export const checkKind = (kind: Destination['kind'], capabilities: RailCapabilities): FieldError[] =>
  capabilities.destinations.includes(kind)
    ? []
    : [{ field: FIELD_OF[kind], reason: 'destination_not_on_rail', message: `this rail pays to ${capabilities.destinations.join(', ')} only` }];

const FIELD_OF: Readonly<Record<Destination['kind'], string>> = { iban: 'iban', us_bank: 'account_number', account_token: 'account_token' };
