import { z } from 'zod';
import { BATCH_STATES } from '../domain/batch/states.js';
import { GATES } from '../domain/gate.js';
import { ITEM_STATES } from '../domain/item/states.js';
import { destination, destinationInput, payeeFields } from './payees.js';
import {
  currency,
  doneBy,
  fieldError,
  hash,
  id,
  itemId,
  line,
  lines,
  minorUnits,
  notLost,
  page,
  payableCurrency,
  time,
  timestamp,
  wireId,
} from './wire.js';

/** JSON takes this many items; a CSV takes a million. */
export const JSON_ITEMS_MAX = 10_000;
export const CSV_ROWS_MAX = 1_000_000;

/** What the payee reads of a payment. */
export const paymentReference = line(140).check(notLost);

const amount = z.number().int().positive().max(Number.MAX_SAFE_INTEGER).meta({ description: 'Minor units' });

const header = {
  currency: payableCurrency,
  rail: line(32),
  external_id: line(128).optional(),
  description: line(280, 0).default(''),
  /** Default: the workspace's first funding account in this currency. */
  funding_account: id('account').optional(),
  /** Default: the workspace's connection of this rail. */
  connection: id('connection').optional(),
  execute_not_before: time.optional(),
  execute_by: time.optional(),
};

export const newItem = z.strictObject({
  /** Exactly one of both: a payee of the workspace by id, or the caller's own reference, for a new payee with all its details. */
  payee_id: id('payee').optional(),
  payee: z
    .strictObject({
      ...payeeFields,
      name: payeeFields.name.optional(),
      // No default here: what is left out stays as it is for a known payee.
      payee_type: payeeFields.payee_type.unwrap().optional(),
      country: payeeFields.country.optional(),
      ...destinationInput,
    })
    .optional(),
  amount,
  currency: payableCurrency.optional(),
  reference: paymentReference,
  remittance: line(140, 0).default(''),
});

export const createBatch = z.strictObject({
  ...header,
  draft: z.boolean().default(false),
  /** Accepts items that repeat payee, amount and reference of each other, or of payments that are paid or open in an earlier batch. */
  allow_duplicates: z.boolean().default(false),
  items: z.array(newItem).min(1).max(JSON_ITEMS_MAX),
});

const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true');
export const validateOnly = z.strictObject({ validate_only: flag });

/** Names and account numbers in clear, for who holds `payees.reveal`. The log says who saw them. */
export const showEvidence = z.strictObject({ reveal: flag });

/** The query of a CSV upload; the body is the file. */
export const createBatchCsv = z.strictObject({ ...header, draft: flag, allow_duplicates: flag, validate_only: flag });

/** The one header a CSV may have, in any order; destination columns that are not used may be left out. */
export const CSV_COLUMNS = [
  'payee_reference',
  'payee_name',
  'payee_type',
  'country',
  'iban',
  'bic',
  'routing_number',
  'account_number',
  'account_token',
  'amount',
  'reference',
] as const;

/** Items by state. They overlap: see the descriptions. */
export const counts = z.object({
  open: z.number().int().meta({ description: 'Not final yet: also those counted as unknown and submitted' }),
  unknown: z.number().int().meta({ description: 'Nobody knows yet whether the provider has them; part of open' }),
  submitted: z.number().int().meta({ description: 'The provider has them and has said nothing final; part of open' }),
  paid: z.number().int(),
  failed: z.number().int(),
  returned: z.number().int(),
  cancelled: z.number().int(),
  excluded: z.number().int().meta({ description: 'Left out by an edit; not part of item_count' }),
  blocked: z.number().int(),
  was_unknown: z.number().int().meta({ description: 'Those that were unknown at some time, wherever they are now' }),
});

export const batch = z
  .object({
    object: z.literal('payout_batch'),
    id: wireId,
    workspace_id: wireId,
    external_id: z.string().nullable(),
    description: z.string(),
    state: z.enum(BATCH_STATES),
    outcome: z.enum(['full', 'partial', 'none']).nullable(),
    reason: z.string().nullable(),
    paused: z.boolean(),
    cancelling: z.boolean(),
    /**
     * What a person has to look at: `unknown_items`, `integrity_failed`, `provider_unavailable`, `run_stalled`, `exceptions`,
     * `connection_disabled`, `connection_changed`;
     * and while gates are still to be opened `changed_destinations`, `changed_payees`, `same_file`, `same_payments`, `repeated_within`,
     * `unusual_amounts`, `unusual_total`, `first_seen_payees`, `foreign_accounts`, `shared_accounts`.
     */
    attention: z.array(z.string()),
    /** It has ended, and nothing about it waits for people: its books are final until the provider says otherwise. */
    reconciled: z.boolean(),
    content_version: z.number().int(),
    row_version: z.number().int(),
    /** What the gates sign; null while receiving, and when the file was refused. */
    digest: hash.nullable(),
    rail: z.string(),
    connection_id: wireId,
    /** Of the connection's settings, which the digest binds. Null in batches of released versions. */
    connection_version: z.number().int().nullable(),
    /** SHA-256 over the settings as canonical JSON. */
    connection_settings_sha256: hash.nullable(),
    funding_account_id: wireId,
    currency,
    item_count: z.number().int(),
    total: minorUnits,
    paid_total: minorUnits,
    counts,
    gates: z.array(z.object({ gate: z.enum(GATES), person_id: wireId, opened_by: doneBy.nullable(), opened_at: timestamp })),
    /** A large file that is taken in after its request was answered: how far it is, and why it was refused. Null for other batches. */
    upload: z
      .object({
        bytes: z.number().int(),
        /** Rows of the file. Until it is checked these are its lines, of which a quoted cell may have several. */
        rows_expected: z.number().int(),
        rows_checked: z.number().int(),
        rows_stored: z.number().int(),
        refusal: z.object({ code: z.string(), detail: z.string(), errors: z.array(fieldError) }).nullable(),
      })
      .nullable(),
    source: z.object({ type: z.enum(['json', 'csv']), sha256: hash.nullable() }),
    deadline_at: timestamp.nullable(),
    execute_not_before: timestamp.nullable(),
    execute_by: timestamp.nullable(),
    created_at: timestamp,
    state_at: timestamp,
  })
  .meta({ id: 'PayoutBatch' });

export const validation = z
  .object({ object: z.literal('validation'), valid: z.literal(true), item_count: z.number().int(), total: minorUnits, currency })
  .meta({ id: 'Validation' });

export const item = z
  .object({
    object: z.literal('payout_item'),
    id: wireId,
    ordinal: z.number().int(),
    payee_id: wireId,
    payee_reference: z.string(),
    payee_name: z.string().nullable(),
    destination,
    amount: minorUnits,
    currency,
    reference: z.string(),
    remittance: z.string(),
    state: z.enum(ITEM_STATES),
    reason: z.string().nullable(),
    provider_reference: z.string().nullable(),
    attempt: z.number().int(),
  })
  .meta({ id: 'PayoutItem' });

export const listBatches = z.strictObject({ ...page, state: z.enum(BATCH_STATES).optional(), external_id: line(128).optional() });
export const listItems = z.strictObject({ ...page, state: z.enum(ITEM_STATES).optional() });

/** Leaves items out. The total is computed again, and open gates are void. */
export const editBatch = z.strictObject({ exclude: z.array(itemId).min(1).max(10_000), row_version: z.number().int().optional() });

export const withReason = z.strictObject({ reason: lines(500) });
export const optionalReason = z.strictObject({ reason: lines(500).optional() });

/** The answer to cancel and pause. The counts are exact for the moment the batch was halted. */
export const halted = batch.extend({ already_sent: z.number().int(), not_sent: z.number().int() }).meta({ id: 'HaltedPayoutBatch' });

/** The last event of a batch's stream once everything was sent. */
export const streamEnd = z.object({ object: z.literal('end'), state: z.enum(BATCH_STATES) });

/** The proof of a batch; docs/proof.md describes its members. */
export const proof = z
  .object({ object: z.literal('evidence'), version: z.enum(['sluice-evidence-v1', 'sluice-evidence-v2']) })
  .loose()
  .meta({ id: 'Evidence' });
