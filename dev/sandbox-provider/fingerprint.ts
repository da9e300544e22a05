import { hash } from 'node:crypto';
import type { PaymentBody } from './wire.js';

/** Two requests under one key are the same when all fields are, in any order. 16 base64 characters (96 bits). */
export const fingerprintOf = (body: PaymentBody): string => {
  const { payee, destination } = body;
  const where =
    destination.kind === 'iban'
      ? [destination.iban, destination.bic ?? '']
      : destination.kind === 'us_bank'
        ? [destination.routing_number, destination.account_number]
        : [destination.account_token];
  const parts = [body.amount, body.currency, body.reference, body.remittance, payee.name, payee.type, payee.country, destination.kind, ...where];
  return hash('sha256', JSON.stringify(parts), 'base64').slice(0, FINGERPRINT_LENGTH);
};

export const FINGERPRINT_LENGTH = 16;
