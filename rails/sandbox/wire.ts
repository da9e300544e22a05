import { z } from 'zod';
import type { PaymentOutcome } from '../../operations/ports.js';
import { BULK_LIMIT } from './settings.js';

/** What the provider answers. Fields that are not named here may come: providers add to their answers. */
const payment = z.object({
  id: z.string().min(1).max(128),
  idempotency_key: z.string(),
  status: z.enum(['accepted', 'paid', 'failed', 'returned']),
  version: z.int().min(1),
  amount: z.int().positive(),
  currency: z.string().regex(/^[A-Z]{3}$/),
  reason: z.string().max(64).nullable(),
});

const failure = z.object({ error: z.object({ code: z.string().min(1).max(64) }) });

export const paymentAnswer = payment;
export const errorAnswer = failure;
export const bulkAnswer = z.object({ results: z.array(z.union([payment, failure.extend({ idempotency_key: z.string() })])) });
export const lookupAnswer = z.object({ found: z.array(payment), absent: z.array(z.string()) });
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

/** Nothing is known: neither that it was taken in, nor that it was not. */
export const unknown = (key: string, reason: string): PaymentOutcome => ({
  key,
  outcome: 'unknown',
  rank: 0,
  providerReference: null,
  reason,
  amount: null,
  currency: null,
});
