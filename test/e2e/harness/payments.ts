/** Payees with valid destinations, as many as a test wants. */

/** An item of `POST /v1/payout-batches`, paid to an account token. */
export const sampleItem = (n: number, token = `plain_${n.toString().padStart(7, '0')}`) => ({
  payee: { reference: `payee-${token}`, name: `Payee ${n}`, country: 'DE', account_token: token },
  amount: 1_000 + n,
  reference: `payout ${n}`,
});

/** `count` items; every `each`-th goes to a destination with the given magic prefix. */
export const sampleItems = (count: number, magic: { prefix: string; each: number } | null = null) =>
  Array.from({ length: count }, (_, n) => {
    const plain = `${n.toString(36).padStart(6, '0')}_00`;
    return sampleItem(n, magic && n % magic.each === 0 ? `${magic.prefix}${plain}` : `plain_${plain}`);
  });
