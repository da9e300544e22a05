import { z } from 'zod';
import type { RailCapabilities } from '../../operations/rail.js';

/** Settings of a connection of this rail. Parsing throws a ZodError on anything else; a connection is checked when it is made. */
const connectionSettings = z.object({
  base_url: z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, '')),
  /** `bulk`: up to 1,024 payments in a call; `single`: one a call, several at once. */
  endpoint: z.enum(['bulk', 'single']).default('bulk'),
  settlement: z.enum(['immediate', 'async']).default('immediate'),
  timeout_ms: z.int().min(100).max(120_000).default(3_000),
  /** Most calls at once on the single endpoint. */
  concurrency: z.int().min(1).max(256).default(32),
});

export type SandboxSettings = z.infer<typeof connectionSettings>;

export const readSettings = (connection: { settings: Record<string, string | number> }): SandboxSettings =>
  connectionSettings.parse(connection.settings);

export const BULK_LIMIT = 1024;
const SINGLE_CHUNK = 128;

export const capabilitiesOf = (settings: SandboxSettings): RailCapabilities => ({
  chunkSize: settings.endpoint === 'bulk' ? BULK_LIMIT : SINGLE_CHUNK,
  // The provider honours a key for each payment, also in a bulk call.
  unit: 'item',
  currencies: 'any',
  destinations: ['iban', 'us_bank', 'account_token'],
  reference: { maxLength: 64, characters: /^[\x20-\x7e]+$/, describe: 'printable ASCII: letters without accents, digits, spaces and punctuation' },
  // The provider keeps keys for ever; we rely on a month.
  keyTtlMs: 30 * 24 * 60 * 60 * 1000,
  acceptanceWindowMs: 1_000,
  timeoutMs: settings.timeout_ms,
  settlementMs: 5_000,
  // Its settlement takes seconds. Two days leave room for a provider that is out for a weekend.
  overdueMs: 2 * 24 * 60 * 60 * 1000,
});
