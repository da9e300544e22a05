import type { DoneBy } from '../../domain/actors.js';
import { chunkRootsOf, contentOf, withLeaf } from '../../domain/batch/content.js';
import { afterStoring } from '../../domain/batch/refusals.js';
import { BATCH_TRANSITIONS } from '../../domain/batch/states.js';
import { gateDeadline } from '../../domain/gate.js';
import { ERRORS_MAX, type FieldError, type Refusal, wrongInput } from '../../domain/result.js';
import type { WireBatch } from '../batch-state/read.js';
import type { Context } from '../context.js';
import { type EnsuredPayee, ensurePayees } from '../payee/ensure.js';
import type { Stores } from '../ports.js';
import type { NewBatch } from '../stores/batches.js';
import type { NewItem } from '../stores/items.js';
import { type CsvPayment, type CsvTotals, columnOf, parseRow } from './check-csv.js';
import { sealNew } from './find-repeats.js';
import { moveOwn } from './move-own.js';
import { type CsvPart, readCsv } from './read-csv.js';
import { recordNew } from './record-new.js';
import type { PaymentTerms } from './resolve-terms.js';
import { RowPlaces } from './row-places.js';

/** Rows of one transaction: at least so many, and always whole chunks. */
const PART_ROWS = 2_048;

export const partRowsOf = (terms: PaymentTerms): number => Math.max(PART_ROWS, terms.capabilities.chunkSize);

/** A request that stores nothing for this long counts as abandoned, ms. Each part renews the lease. */
export const RECEIVING_LEASE_MS = 60_000;

/** Until when a request that stores something now owns its upload. */
export const leaseEnd = (stores: Stores): Date => new Date(stores.now.getTime() + RECEIVING_LEASE_MS);

/** A batch in `receiving` and the row version of its control row: whoever moves it next owns it. */
export interface Receiving {
  batch: NewBatch;
  rowVersion: number;
  /** The first ordinal that is not stored yet; a part begins there. */
  nextOrdinal: number;
}

/** Another process took the upload over, or a person cancelled it: this one may write nothing more. */
export const LOST = 'lost';

export interface Storing {
  terms: PaymentTerms;
  /** Whose new destinations these are (R9). */
  createdBy: DoneBy;
  /** Until when nobody else may take the upload over; null when a workflow owns it. */
  lease: (stores: Stores) => Date | null;
  /** Runs in the transaction of a part, with the number of rows that are stored by then. */
  stored?: (stores: Stores, rows: number) => Promise<void>;
  /** After each part: whether to go on. It may throw. */
  goOn: () => boolean;
}

export type PartsStored =
  | { kind: 'all' | 'stopped'; rowVersion: number; nextOrdinal: number; places: RowPlaces }
  | { kind: 'wrong'; rowVersion: number; nextOrdinal: number; errors: FieldError[] }
  | typeof LOST;

/**
 * Second pass over a file that was checked: stores its rows, one part in each transaction, from where an earlier try stopped. The next part
 * is parsed while the database stores one. Each transaction moves the control row by compare-and-set, so two uploads of one batch
 * cannot mix.
 */
export const storeParts = async (ctx: Context, bytes: AsyncIterable<Uint8Array>, receiving: Receiving, how: Storing): Promise<PartsStored> => {
  let { rowVersion, nextOrdinal } = receiving;
  const places = new RowPlaces();
  for await (const part of ahead(readCsv(bytes, partRowsOf(how.terms)))) {
    const end = part.from + part.rows.length;
    for (const [i, { place }] of part.rows.entries()) places.add(part.from + i, place);
    if (end <= nextOrdinal) continue;
    const payments = part.rows.map((row) => sure(parseRow(row, how.terms)));
    if (part.errors.length > 0) throw new Error('a file changed between its two passes');
    const stored = await ctx.inTenant((stores) => storePart(ctx, stores, { batch: receiving.batch, rowVersion, from: part.from }, payments, how));
    if (stored === LOST) return LOST;
    rowVersion += 1;
    if (stored.length > 0) return { kind: 'wrong', rowVersion, nextOrdinal, errors: stored };
    nextOrdinal = end;
    if (!how.goOn()) return { kind: 'stopped', rowVersion, nextOrdinal, places };
  }
  return { kind: 'all', rowVersion, nextOrdinal, places };
};

/** Refuses a file that was good when it was checked, and is wrong because another request changed a payee since. */
export const changedMeanwhile = ({ errors, nextOrdinal }: { errors: readonly FieldError[]; nextOrdinal: number }): Refusal =>
  afterStoring(wrongInput(errors, 'file'), nextOrdinal);

/** Reads one part ahead of the one that is being stored. */
async function* ahead(parts: AsyncGenerator<CsvPart>): AsyncGenerator<CsvPart> {
  let next = parts.next();
  try {
    for (let current = await next; !current.done; current = await next) {
      next = parts.next();
      // An error belongs to the turn that waits for it.
      next.catch(() => undefined);
      yield current.value;
    }
  } finally {
    await next.catch(() => undefined);
    await parts.return(undefined);
  }
}

const sure = (parsed: ReturnType<typeof parseRow>): CsvPayment => {
  if ('errors' in parsed) throw new Error('a file changed between its two passes');
  return parsed;
};

/** Answers the errors of a part that was not stored because another request changed a payee since the check. */
const storePart = async (
  ctx: Context,
  stores: Stores,
  { batch, rowVersion, from }: { batch: NewBatch; rowVersion: number; from: number },
  payments: readonly CsvPayment[],
  { lease, createdBy, stored }: Storing,
): Promise<FieldError[] | typeof LOST> => {
  if (!(await moveOwn(stores, batch.id, rowVersion, { deadlineAt: lease(stores) }))) return LOST;
  const payees = await ensurePayees(
    ctx,
    stores,
    payments.map(({ payee }) => payee),
    createdBy,
  );
  const items: NewItem[] = [];
  const errors: FieldError[] = [];
  for (const [i, { place, amount, reference }] of payments.entries()) {
    const payee = payees[i];
    if (!payee) throw new Error('a payment was given no payee');
    if ('errors' in payee) errors.push(...payee.errors.map((error) => ({ ...error, field: columnOf(error.field), ...place })));
    else items.push(withLeaf(ctx.services.sha256, batch, itemOf(payee, from + i, amount, reference), payee.commitment));
  }
  if (errors.length > 0) return errors;
  const leaves = items.map(({ leaf }) => leaf);
  await stores.items.insert(batch.id, items);
  await stores.batches.putChunkRoots(batch.id, chunkRootsOf(ctx.services.sha256, leaves, from, batch.chunkSize));
  await stored?.(stores, from + items.length);
  return [];
};

const itemOf = ({ payeeId, destinationId }: EnsuredPayee, ordinal: number, amount: bigint, reference: string): Omit<NewItem, 'leaf'> => ({
  ordinal,
  payeeId,
  destinationId,
  reference,
  remittance: '',
  amount,
});

/** The sums of a million rows are one statement. On a busy machine the usual half minute is too short for it. */
export const FINISH = { timeoutMs: 10 * 60_000 };

/** The file agrees with itself, and rows that were stored in several transactions still pay one payee by two versions of their account. */
const ACCOUNT_CHANGED = {
  field: 'payee_reference',
  reason: 'account_changed',
  message: 'another request changed the account of this payee while the file was being stored; look at the payee, then send the file again',
} as const;

/**
 * The short end of the transaction that makes an upload a batch (R19): compares count, sum and repeats with what is stored, and asks that each payee is paid to one account; then it writes
 * facts, root, digest, state, audit event and message. Answers a refusal when it repeats an earlier batch, or when another request changed an account meanwhile; the caller ends the upload.
 * `places` are of the rows that `storeParts` read.
 */
export const finishUpload = async (
  ctx: Context,
  stores: Stores,
  { batch, rowVersion, places }: Pick<Receiving, 'batch' | 'rowVersion'> & { places: RowPlaces },
  expected: CsvTotals,
  state: 'draft' | 'queued',
): Promise<{ batch: WireBatch } | { refusal: Refusal; rowVersion: number } | typeof LOST> => {
  const verb = state === 'draft' ? 'finish_draft' : 'finish';
  const deadlineAt = gateDeadline(stores.now, batch.executeBy);
  if (!(await moveOwn(stores, batch.id, rowVersion, { deadlineAt }))) return LOST;
  const { count, total, nextOrdinal } = await stores.items.totals(batch.id);
  if (count !== expected.count || total !== expected.total || nextOrdinal !== count)
    throw new Error(`batch ${batch.id} holds ${count} rows of ${expected.count}, or another sum than its file`);
  if (!batch.allowDuplicates && (await stores.items.duplicates(batch.id, 1)).length > 0)
    throw new Error(`batch ${batch.id} holds repeats that its file does not`);
  const split = await stores.items.otherDestinations(batch.id, ERRORS_MAX);
  if (split.length > 0) {
    const errors = split.map((ordinal): FieldError => ({ ...places.at(ordinal), ...ACCOUNT_CHANGED }));
    return { refusal: afterStoring(wrongInput(errors, 'file'), count), rowVersion: rowVersion + 1 };
  }
  const repeats = await sealNew(stores, batch, (ordinal) => places.at(ordinal));
  if (repeats) return { refusal: afterStoring(repeats, count), rowVersion: rowVersion + 1 };
  await stores.batches.moveLocked(batch.id, rowVersion + 1, { state: BATCH_TRANSITIONS[verb].to });
  const counted = { contentVersion: 1, size: count, count, total };
  const content = contentOf(ctx.services.sha256, ctx, batch, counted, await stores.batches.chunkRoots(batch.id));
  return { batch: await recordNew(ctx, stores, batch, state, content) };
};
