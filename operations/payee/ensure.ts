import { personBehind } from '../../domain/actors.js';
import type { Destination, RawDestination } from '../../domain/destination.js';
import type { FieldError } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { DestinationRow, PayeeRow } from '../stores/payees.js';
import { type PlannedDestination, type PlannedInput, type PlannedPayee, planPayees } from './plan.js';
import { newDestination, sealName } from './sealing.js';

/** How a payment names its payee: by id, or inline by the caller's own reference with what describes it. */
export interface PayeeInput {
  payee_id?: string | undefined;
  payee?: InlinePayee | undefined;
}

/** Of a new payee all is needed; of a known one what is left out stays as its newest destination has it. */
export interface InlinePayee extends RawDestination {
  reference: string;
  name?: string | undefined;
  payee_type?: 'individual' | 'company' | undefined;
  country?: string | undefined;
}

/** The immutable destination version that an item points at. */
export interface EnsuredPayee {
  payeeId: string;
  destinationId: string;
  commitment: Uint8Array;
  kind: Destination['kind'];
  /** What this call wrote for the input: a payee with its first destination, a further destination, or nothing. */
  made: 'payee' | 'destination' | 'nothing';
}

export type EnsureAnswer = EnsuredPayee | { errors: FieldError[] };

/** Concurrent calls may take a reference or a version between reading and writing; each round sees what they took. */
const ROUNDS_MAX = 5;

/**
 * Finds or makes the payees of up to 10,000 payments, in the order of `inputs`. A payee is matched by its reference; when
 * its details differ from its newest destination, a new version is added. All or nothing: when any input is wrong
 * nothing is written, and the others answer with an empty list of errors.
 *
 * `field` of an error is the bare member (`name`, `iban`, `payee_id`); the caller puts its own path before it.
 */
export const ensurePayees = async (ctx: Context, stores: Stores, inputs: readonly PayeeInput[]): Promise<EnsureAnswer[]> => {
  const made: Made = { payees: new Set(), destinations: new Set() };
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    const plan = await planPayees(ctx, stores, inputs);
    if (plan.some((input) => 'errors' in input)) {
      if (round > 1) throw new Error('a payee was changed by somebody else meanwhile; the whole request may be sent again');
      return plan.map((input) => ('errors' in input ? input : { errors: [] }));
    }
    const written = await write(ctx, stores, plan, made);
    if (written) return plan.map((input) => answerOf(input, written, made));
  }
  throw new Error('payees of this request are being changed by others all the time; send it again');
};

/** The same checks without writing: per input what is wrong with it, an empty list when nothing is. */
export const checkPayees = async (ctx: Context, stores: Stores, inputs: readonly PayeeInput[]): Promise<FieldError[][]> => {
  const plan = await planPayees(ctx, stores, inputs);
  return plan.map((input) => ('errors' in input ? input.errors : []));
};

/** What earlier rounds wrote, so that a later one does not take it for found. */
interface Made {
  payees: Set<string>;
  destinations: Set<string>;
}

type Written = ReadonlyMap<PlannedDestination, DestinationRow>;

/** Null when somebody else was first with one of them: then read and plan again. */
const write = async (ctx: Context, stores: Stores, plan: readonly PlannedInput[], made: Made): Promise<Written | null> => {
  const planned = new Set(plan.flatMap((input) => ('payee' in input && input.payee.added.length > 0 ? input.payee : [])));
  // One order for all writers of the same payees.
  const payees = [...planned].sort((a, b) => (a.reference < b.reference ? -1 : 1));
  const fresh = await newPayees(ctx, stores, payees);
  const rows = [...fresh.values()];
  const inserted = rows.length > 0 ? await stores.payees.insert(rows.map(({ row }) => row)) : new Set<string>();
  const subjects = rows.filter(({ row }) => inserted.has(row.reference)).map(({ row, wrapped }) => ({ subjectId: row.id, wrapped }));
  if (subjects.length > 0) await stores.keys.insertSubjectKeys(subjects);
  for (const { subjectId } of subjects) made.payees.add(subjectId);

  const destinations = new Map<PlannedDestination, DestinationRow>();
  for (const payee of payees) {
    const owner = ownerOf(payee, fresh);
    if (!payee.known && !inserted.has(payee.reference)) continue;
    for (const [i, added] of payee.added.entries()) {
      const of = { ...owner, version: owner.newestVersion + 1 + i, createdBy: personBehind(ctx.actor) };
      destinations.set(added, newDestination(ctx, of, added.sentTo, added.fingerprint));
    }
  }
  const kept = destinations.size > 0 ? await stores.payees.insertDestinations([...destinations.values()]) : new Set<string>();
  for (const id of kept) made.destinations.add(id);
  return inserted.size === rows.length && kept.size === destinations.size ? destinations : null;
};

type NewPayee = { row: Omit<PayeeRow, 'createdAt' | 'heldAt'>; key: Uint8Array; wrapped: Uint8Array };

const newPayees = async (ctx: Context, stores: Stores, payees: readonly PlannedPayee[]): Promise<Map<string, NewPayee>> => {
  const fresh = new Map<string, NewPayee>();
  for (const { reference, known, added } of payees) {
    const first = added[0]?.sentTo;
    if (known || !first) continue;
    const id = ctx.services.entropy.newId();
    const { key, wrapped } = await ctx.services.vault.newSubjectKey(stores.keys, ctx.tenantId, id);
    const row = { id, reference, payeeType: first.payeeType, country: first.country, sealedName: sealName(ctx, key, id, first.name) };
    fresh.set(reference, { row, key, wrapped });
  }
  return fresh;
};

const ownerOf = (
  { reference, known }: PlannedPayee,
  fresh: ReadonlyMap<string, NewPayee>,
): { key: Uint8Array; payeeId: string; newestVersion: number } => {
  const made = fresh.get(reference);
  if (made) return { key: made.key, payeeId: made.row.id, newestVersion: 0 };
  if (!known?.key) throw new Error(`payee ${reference} has no key to seal a destination under`);
  return { key: known.key, payeeId: known.payee.id, newestVersion: known.newest?.version ?? 0 };
};

const answerOf = (input: PlannedInput, written: Written, made: Made): EnsureAnswer => {
  if ('errors' in input) return input;
  const row = 'sentTo' in input.use ? written.get(input.use) : input.use;
  if (!row) throw new Error('a planned destination was not written');
  const { id, payeeId, commitment, kind } = row;
  const what = made.payees.has(payeeId) ? 'payee' : made.destinations.has(id) ? 'destination' : 'nothing';
  return { payeeId, destinationId: id, commitment, kind, made: what };
};
