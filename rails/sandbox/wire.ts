import { z } from 'zod';
import type { PaymentOutcome } from '../../domain/item/evidence.js';
import { BULK_LIMIT } from './settings.js';

const TEXT_MAX = 64;
/** Texts for people that decide nothing, cut to what the database and the log can store. */
const words = z.string().transform((text) => text.slice(0, TEXT_MAX).replace(/[\p{Cc}\p{Cs}]/gu, '\ufffd'));

/** What the provider answers. Other fields are allowed, because providers add to their answers. */
const payment = z.object({
  id: z.string().regex(/^[\x20-\x7e]{1,128}$/),
  idempotency_key: z.string().regex(/^[\x20-\x7e]{1,255}$/),
  status: z.enum(['accepted', 'paid', 'failed', 'returned']),
  /** The database stores it in 32 bits. */
  version: z.int().min(1).max(2_147_483_647),
  amount: z.int().positive(),
  currency: z.string().regex(/^[A-Z]{3}$/),
  reason: words.nullable(),
});

const failure = z.object({ error: z.object({ code: words }) });

export const paymentAnswer = payment;
export const errorAnswer = failure;
/** An entry of another form becomes null, so that it leaves only its own payment unknown and not a thousand others. */
const each = <T extends z.ZodType>(entry: T) => z.array(entry.nullable().catch(null)).transform((entries) => entries.filter((one) => one !== null));

export const bulkAnswer = z.object({ results: each(z.union([payment, failure.extend({ idempotency_key: z.string() })])) });
export const lookupAnswer = z.object({ found: each(payment), absent: z.array(z.string()) });
export const fenceAnswer = z.object({ fenced: z.array(z.string()), found: each(payment) });
/** An entry that cannot be read makes the page unreadable: what is left out of a list is taken for absent. */
export const listAnswer = z.object({ data: z.array(payment), next: z.string().nullable() });
export const delivery = z.object({
  id: z.string(),
  type: z.literal('payments.updated'),
  created_at: z.iso.datetime(),
  data: z.array(payment).max(BULK_LIMIT),
});

const OUTCOMES = { accepted: 'submitted', paid: 'paid', failed: 'failed', returned: 'returned' } as const;

/** The provider's version of a payment is the rank of what it says. */
export const toOutcome = (answer: z.infer<typeof payment>): PaymentOutcome => ({
  key: answer.idempotency_key,
  outcome: OUTCOMES[answer.status],
  rank: answer.version,
  providerReference: answer.id,
  reason: answer.reason,
  amount: BigInt(answer.amount),
  currency: answer.currency,
});
