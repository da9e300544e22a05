import { type DoneBy, doneBy } from '../../domain/actors.js';
import type { Destination } from '../../domain/destination.js';
import type { FieldError } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { DestinationRow, NewDestination, NewPayee } from '../stores/payees.js';
import type { PayeeInput } from './details.js';
import { type PlannedDestination, type PlannedInput, type PlannedPayee, planPayees } from './plan.js';
import { newDestination, sealName } from './sealing.js';

/** The payee of one input and the immutable destination version that its item refers to. */
export interface EnsuredPayee {
  payeeId: string;
  destinationId: string;
  /** Salted SHA-256 of what is sent; the leaf of the item holds it in place of the personal data (R10). */
  commitment: Uint8Array;
  kind: Destination['kind'];
  /** What this call wrote: the payee with its first destination, one more destination, or nothing. */
  made: 'payee' | 'destination' | 'nothing';
}

export type EnsureAnswer = EnsuredPayee | { errors: FieldError[] };

/** Other requests change the same payees. What was written is rolled back with its transaction, and the same request may be sent again. */
export class PayeesChanging extends Error {
  constructor() {
    super('Another request changes one of these payees at the same time; send the same request again.');
  }
}

/** Another call may take a reference or a version number between our read and our write; the next round reads what it wrote. */
const ROUNDS_MAX = 20;

/**
 * Finds or adds the payees of up to 10,000 payments and answers in the order of `inputs`. A payee is matched by its reference;
 * when its details differ from its newest destination, a new version is added. All or nothing: when any input is wrong, nothing
 * is written, and the other inputs answer with an empty list of errors.
 *
 * `field` of an error is the bare member (`name`, `iban`, `payee_id`); the caller puts its own path before it. Throws PayeesChanging
 * when another call changed one of the payees after something was written, or when others do in every round.
 * `createdBy` is whose new destinations they are (R9).
 */
export const ensurePayees = async (
  ctx: Context,
  stores: Stores,
  inputs: readonly PayeeInput[],
  createdBy: DoneBy = doneBy(ctx.actor),
): Promise<EnsureAnswer[]> => {
  const made: Made = { payees: new Set(), destinations: new Set() };
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    const plan = await planPayees(ctx, stores, inputs);
    if (plan.some((input) => 'errors' in input)) {
      if (round > 1) throw new PayeesChanging();
      return plan.map((input) => ('errors' in input ? input : { errors: [] }));
    }
    const payees = plan.flatMap((input) => ('payee' in input ? input.payee : []));
    const written = await writePayees(ctx, stores, payees, { made, createdBy });
    if (written) return plan.map((input) => answerOf(input, written, made));
  }
  throw new PayeesChanging();
};

const answerOf = (input: PlannedInput, written: Written, made: Made): EnsureAnswer => {
  if ('errors' in input) return input;
  const row = 'sentTo' in input.use ? written.get(input.use) : input.use;
  if (!row) throw new Error('a planned destination was not written');
  const { id, payeeId, commitment, kind } = row;
  const what = made.payees.has(payeeId) ? 'payee' : made.destinations.has(id) ? 'destination' : 'nothing';
  return { payeeId, destinationId: id, commitment, kind, made: what };
};

/** Ids that this call wrote. They are kept over all rounds, because a later round finds the rows of an earlier one as known. */
interface Made {
  payees: Set<string>;
  destinations: Set<string>;
}

interface Writing {
  made: Made;
  /** Whose new destinations these are (R9). */
  createdBy: DoneBy;
}

/** The row that was written for each planned version. */
type Written = ReadonlyMap<PlannedDestination, DestinationRow>;

/**
 * Writes new payees with their keys, and new destination versions, in three statements. Adds the ids that it wrote to `made`.
 * Answers null when another call took a reference or a version number first: that payee or version is not written, and the
 * caller reads and plans again.
 */
export const writePayees = async (
  ctx: Context,
  stores: Stores,
  planned: readonly PlannedPayee[],
  { made, createdBy }: Writing,
): Promise<Written | null> => {
  // All writers take the payees in one order, so that they wait for each other without a deadlock.
  const payees = [...new Set(planned)].filter(({ added }) => added.length > 0).sort((a, b) => (a.reference < b.reference ? -1 : 1));
  const fresh = await newPayees(ctx, stores, payees);
  const keys = await keysOfKnown(ctx, stores, payees);
  const rows = [...fresh.values()];
  const inserted = rows.length > 0 ? await stores.payees.insert(rows.map(({ row }) => row)) : new Set<string>();
  const subjects = rows.filter(({ row }) => inserted.has(row.reference)).map(({ row, stored }) => ({ subjectId: row.id, stored }));
  if (subjects.length > 0) await stores.keys.insertSubjectKeys(subjects);
  for (const { subjectId } of subjects) made.payees.add(subjectId);

  const destinations = new Map<PlannedDestination, NewDestination>();
  for (const payee of payees) {
    const owner = ownerOf(payee, fresh, keys);
    if (!payee.known && !inserted.has(payee.reference)) continue;
    for (const [i, added] of payee.added.entries()) {
      const of = { ...owner, version: owner.newestVersion + 1 + i, createdBy };
      destinations.set(added, newDestination(ctx, of, added));
    }
  }
  const kept = destinations.size > 0 ? await stores.payees.insertDestinations([...destinations.values()]) : new Set<string>();
  for (const id of kept) made.destinations.add(id);
  return inserted.size === rows.length && kept.size === destinations.size ? destinations : null;
};

type KeyedPayee = { row: NewPayee; key: Uint8Array; stored: Uint8Array };

const newPayees = async (ctx: Context, stores: Stores, payees: readonly PlannedPayee[]): Promise<Map<string, KeyedPayee>> => {
  const fresh = new Map<string, KeyedPayee>();
  if (payees.length === 0) return fresh;
  const newKey = await ctx.services.vault.newSubjectKeys(stores.keys, ctx.tenantId);
  for (const { reference, known, added } of payees) {
    const first = added[0]?.sentTo;
    if (known || !first) continue;
    const id = ctx.services.entropy.newId();
    const { key, stored } = newKey(id);
    const row = { id, reference, payeeType: first.payeeType, country: first.country, sealedName: sealName(ctx, key, id, first.name) };
    fresh.set(reference, { row, key, stored });
  }
  return fresh;
};

/** Keys of the known payees that get a version, by payee. */
const keysOfKnown = async (ctx: Context, stores: Stores, payees: readonly PlannedPayee[]): Promise<ReadonlyMap<string, Uint8Array>> => {
  const ids = payees.flatMap(({ known }) => known?.id ?? []);
  return ids.length === 0 ? new Map() : ctx.services.vault.subjectKeys(stores.keys, ctx.tenantId, await stores.keys.subjectKeys(ids));
};

const ownerOf = (
  { reference, known }: PlannedPayee,
  fresh: ReadonlyMap<string, KeyedPayee>,
  keys: ReadonlyMap<string, Uint8Array>,
): { key: Uint8Array; payeeId: string; newestVersion: number } => {
  const made = fresh.get(reference);
  if (made) return { key: made.key, payeeId: made.row.id, newestVersion: 0 };
  const key = known && keys.get(known.id);
  if (!key) throw new Error(`payee ${reference} has no key to seal a destination under`);
  return { key, payeeId: known.id, newestVersion: known.newest?.version ?? 0 };
};
