import { randomUUID } from 'node:crypto';

export const newKey = (): string => `item_${randomUUID().replaceAll('-', '')}00000000`;

/** The body of a payment as the provider takes it; `more` replaces members. */
export const samplePayment = (accountToken = 'acct_0001', more: Record<string, unknown> = {}) => ({
  amount: 1250,
  currency: 'EUR',
  reference: 'INV-1',
  remittance: 'Thanks',
  payee: { name: 'Example Payee', type: 'individual', country: 'DE' },
  destination: { kind: 'account_token', account_token: accountToken },
  ...more,
});
