import { z } from 'zod';
import { doneBy, page, timestamp, wireId } from './wire.js';

/** Exactly one group: `iban` (with `bic`), `routing_number` with `account_number`, or `account_token`. */
export const destinationInput = {
  iban: z.string().max(42).optional(),
  bic: z.string().max(11).optional(),
  routing_number: z.string().max(9).optional(),
  account_number: z.string().max(17).optional(),
  account_token: z.string().max(64).optional(),
};

export const payeeFields = {
  reference: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[\x21-\x7e]+$/, 'printable ASCII without spaces'),
  name: z.string().min(1).max(140),
  payee_type: z.enum(['individual', 'company']).default('individual'),
  country: z.string().regex(/^[A-Z]{2}$/, 'an ISO 3166-1 code such as DE'),
};

export const createPayee = z.object({ ...payeeFields, ...destinationInput });
export const addDestination = z.object({ name: payeeFields.name.optional(), ...destinationInput });
export const listPayees = z.object({ ...page, reference: z.string().max(64).optional() });

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
