/** `npm run test:faults` repeats each fault; `npm test` does it once. */
export const ROUNDS = Array.from({ length: Number(process.env['SLUICE_TEST_ROUNDS'] ?? 1) }, (_, i) => i + 1);

/** Items of a batch in a fault test. */
export const ITEMS = 300;

/** Items against a provider that loses answers. */
export const PROVIDER_ITEMS = Number(process.env['SLUICE_TEST_PROVIDER_ITEMS'] ?? ITEMS);

/** How long a provider is down. */
export const DOWN_SECONDS = Number(process.env['SLUICE_TEST_DOWN_SECONDS'] ?? 5);
