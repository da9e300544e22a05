import { z } from 'zod';

/** The requests of callers. Unknown fields are refused, as most providers do. */

export const PAYMENTS_MAX = 1024;

const text = (max: number) => z.string().max(max);
const key = z.string().regex(/^[\x21-\x7e]{1,255}$/, '1 to 255 printable ASCII characters without spaces');

const destination = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('iban'), iban: text(34).min(15), bic: text(11).min(8).optional() }),
  z.strictObject({
    kind: z.literal('us_bank'),
    routing_number: z.string().regex(/^\d{9}$/),
    account_number: z.string().regex(/^\d{4,17}$/),
  }),
  z.strictObject({ kind: z.literal('account_token'), account_token: text(64).min(4) }),
]);

const fields = {
  /** Integer minor units. */
  amount: z.int().positive(),
  /** ISO 4217. */
  currency: z.string().regex(/^[A-Z]{3}$/),
  reference: text(64)
    .min(1)
    .regex(/^[\x20-\x7e]+$/, 'printable ASCII'),
  remittance: text(140),
  payee: z.strictObject({ name: text(140).min(1), type: z.enum(['individual', 'company']), country: z.string().regex(/^[A-Z]{2}$/) }),
  destination,
};

export const paymentBody = z.strictObject(fields);
export type PaymentBody = z.infer<typeof paymentBody>;

export const settlementMode = z.enum(['immediate', 'async']);
export type SettlementMode = z.infer<typeof settlementMode>;

export const bulkBody = z.strictObject({
  settlement: settlementMode.default('immediate'),
  payments: z
    .array(z.strictObject({ idempotency_key: key, ...fields }))
    .min(1)
    .max(PAYMENTS_MAX),
});

export const lookupBody = z.strictObject({ keys: z.array(z.string().max(255)).min(1).max(PAYMENTS_MAX) });
export const fenceBody = z.strictObject({ keys: z.array(key).min(1).max(PAYMENTS_MAX) });
/** `after` is the `next` of the page before. */
export const listQuery = z.strictObject({ since: z.iso.datetime(), after: z.coerce.number().int().min(-1).default(-1) });
export const idempotencyKey = key;

/** A payment in answers and webhooks. `version` counts its states; 1 is the first answer. */
export interface PaymentView {
  object: 'payment';
  id: string;
  idempotency_key: string;
  status: 'accepted' | 'paid' | 'failed' | 'returned';
  version: number;
  amount: number;
  currency: string;
  reason: string | null;
}
