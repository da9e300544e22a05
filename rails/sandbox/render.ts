import { createHash } from 'node:crypto';
import { canonicalDestination } from '../../domain/destination.js';
import type { Artefact, Payment, RenderedPayment } from '../../operations/rail.js';

export const RENDERER_VERSION = 1;

/**
 * Renders the bodies of payments, in order. It is pure and never changes: a re-send must be byte-identical, so a change of any byte
 * needs a new renderer version beside this one (R4). Throws on a version or an amount that it cannot render.
 */
export const render = (payments: readonly Payment[], rendererVersion: number): Artefact => {
  if (rendererVersion !== RENDERER_VERSION) throw new Error(`the sandbox rail has no renderer version ${rendererVersion}`);
  const rendered = payments.map((payment): RenderedPayment => ({ key: payment.key, body: renderBody(payment) }));
  const lines = rendered.map(({ key, body }) => `${key}\n${body}\n`);
  const hash = createHash('sha256')
    .update(`sluice-sandbox-v${rendererVersion}\n${lines.join('')}`)
    .digest();
  return { rendererVersion, hash, payments: rendered };
};

const renderBody = ({ amount, currency, reference, remittance, to }: Payment): string => {
  if (amount <= 0n || amount > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError('an amount is above 0 and a safe integer of minor units');
  return JSON.stringify({
    amount: Number(amount),
    currency,
    reference,
    remittance,
    payee: { name: to.name, type: to.payeeType, country: to.country },
    destination: canonicalDestination(to.destination),
  });
};

/** The body of a bulk call: the rendered bytes of each payment, with its key in front. */
export const renderBulk = (settlement: string, payments: readonly RenderedPayment[]): string => {
  const entries = payments.map(({ key, body }) => `{"idempotency_key":${JSON.stringify(key)},${body.slice(1)}`);
  return `{"settlement":"${settlement}","payments":[${entries.join(',')}]}`;
};
