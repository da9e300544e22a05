import { z } from 'zod';
import { country, doneBy, line, lines, name, notLost, page, pastedCode, pastedDigits, timestamp, wireId } from './wire.js';

/** Exactly one group: `iban` (with `bic`), `routing_number` with `account_number`, or `account_token`. */
export const destinationInput = {
  iban: pastedCode(34).optional(),
  bic: pastedCode(11).optional(),
  routing_number: pastedDigits(9).optional(),
  account_number: pastedDigits(17).optional(),
  account_token: line(64).optional(),
};

export const payeeFields = {
  reference: z
    .string()
    .min(1)
    .max(64)
    .check(notLost)
    .regex(/^[\x21-\x7e]+$/, 'printable ASCII without spaces'),
  name: name(140),
  payee_type: z.enum(['individual', 'company']).default('individual'),
  country,
};

export const createPayee = z.strictObject({ ...payeeFields, ...destinationInput });
export const addDestination = z.strictObject({ name: payeeFields.name.optional(), ...destinationInput });
export const editPayee = z
  .strictObject({
    name: payeeFields.name.optional(),
    payee_type: payeeFields.payee_type.unwrap().optional(),
    country: country.optional(),
    /** Needed once money of the payee has left or is on its way. */
    reason: lines(500).optional(),
  })
  .refine(({ name, payee_type, country }) => name !== undefined || payee_type !== undefined || country !== undefined, {
    message: 'give a name, a payee_type or a country',
    params: { reason: 'nothing_given' },
  });
export const listPayees = z.strictObject({ ...page, reference: line(64).optional() });

export const destination = z
  .object({ object: z.literal('destination'), id: wireId, version: z.number().int(), kind: z.string(), masked: z.string() })
  .meta({ id: 'Destination' });

export const payee = z
  .object({
    object: z.literal('payee'),
    id: wireId,
    reference: z.string(),
    /** Null once the person was deleted. */
    name: z.string().nullable(),
    payee_type: z.enum(['individual', 'company']),
    country: z.string(),
    held: z.boolean(),
    /** Since when, by whom and why nothing is sent to them; null while they are not held. */
    hold: z.object({ held_at: timestamp, held_by: doneBy.nullable(), reason: z.string().nullable() }).nullable(),
    created_at: timestamp,
    destination: destination.nullable(),
  })
  .meta({ id: 'Payee' });
