import type { SentTo } from '../../domain/destination.js';
import { toHex } from '../../domain/hashing.js';
import type { FieldError } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { DestinationRow, PayeeRow } from '../stores/payees.js';
import { type Described, detailsOfKnown, detailsOfNew, givesAllDetails, givesDetails, type InlinePayee, type PayeeInput } from './details.js';
import { fingerprintOf, openDestination } from './sealing.js';

/** A payee that the workspace has, as it was read for one call. */
interface KnownPayee {
  payee: PayeeRow;
  /** The key its name and destinations are sealed under; null after the person was deleted. */
  key: Uint8Array | null;
  newest: DestinationRow | null;
  /** The newest destination, opened only when an input leaves out something that it holds. */
  newestSentTo: SentTo | null;
}

interface KnownPayees {
  byReference: ReadonlyMap<string, KnownPayee>;
  byId: ReadonlyMap<string, KnownPayee>;
}

/** A destination version that has to be written. */
export interface PlannedDestination {
  sentTo: SentTo;
  fingerprint: Uint8Array;
}

/** A payee of this call, and the versions to write after its newest one, in the order of the inputs that need them. */
export interface PlannedPayee {
  reference: string;
  /** Null when the payee has to be written too. */
  known: KnownPayee | null;
  added: PlannedDestination[];
}

/** The decision for one input: the stored or planned version to pay to, or what is wrong with the input. */
export type PlannedInput = { errors: FieldError[] } | { payee: PlannedPayee; use: DestinationRow | PlannedDestination };

/** Decides for every input, in their order, which version it uses, or what is wrong with it. It writes nothing. */
export const planPayees = async (ctx: Context, stores: Stores, inputs: readonly PayeeInput[]): Promise<PlannedInput[]> => {
  const known = await readKnown(ctx, stores, inputs);
  const firstDetails = firstDetailsOf(known, inputs);
  const payees = new Map<string, PlannedPayee>();
  const planned: PlannedInput[] = [];
  for (const input of inputs) planned.push(await planOne(ctx, stores, input, { known, firstDetails, payees }));
  return planned;
};

/** Reads every payee that the inputs name, with keys, in a fixed number of statements. */
const readKnown = async (ctx: Context, stores: Stores, inputs: readonly PayeeInput[]): Promise<KnownPayees> => {
  const references = [...new Set(inputs.flatMap(({ payee }) => payee?.reference ?? []))];
  const ids = [...new Set(inputs.flatMap(({ payee_id }) => payee_id ?? []))];
  const rows = [
    ...(references.length > 0 ? (await stores.payees.byReference(references)).values() : []),
    ...(ids.length > 0 ? (await stores.payees.byIds(ids)).values() : []),
  ];
  const stored = rows.length > 0 ? await stores.keys.subjectKeys([...new Set(rows.map(({ payee }) => payee.id))]) : new Map();
  const keys = await ctx.services.vault.subjectKeys(stores.keys, ctx.tenantId, stored);
  const toOpen = new Set(inputs.flatMap(({ payee }) => (payee && givesDetails(payee) && !givesAllDetails(payee) ? payee.reference : [])));
  const known = rows.map(({ payee, destination }): KnownPayee => {
    const key = keys.get(payee.id) ?? null;
    const opens = key && destination && toOpen.has(payee.reference);
    return { payee, key, newest: destination, newestSentTo: opens ? openDestination(ctx, key, destination).sentTo : null };
  });
  return {
    byReference: new Map(known.map((one) => [one.payee.reference, one])),
    byId: new Map(known.map((one) => [one.payee.id, one])),
  };
};

interface Planning {
  known: KnownPayees;
  /** For each new reference: the details of the first input that gives them all. Later inputs may leave some of them out. */
  firstDetails: ReadonlyMap<string, SentTo>;
  /** By reference; grows as inputs are planned. */
  payees: Map<string, PlannedPayee>;
}

const planOne = async (ctx: Context, stores: Stores, input: PayeeInput, planning: Planning): Promise<PlannedInput> => {
  const { payee_id, payee: inline } = input;
  if ((payee_id === undefined) === (inline === undefined)) return wrong('payee', 'one_payee', 'give either payee_id or payee');
  if (payee_id !== undefined) {
    const known = planning.known.byId.get(payee_id);
    return known ? asItIs(known, 'payee_id', planning) : wrong('payee_id', 'not_found', 'this workspace has no such payee');
  }
  if (inline === undefined) throw new Error('an input names no payee');
  const known = planning.known.byReference.get(inline.reference) ?? null;
  if (known && (!known.key || !givesDetails(inline))) return asItIs(known, 'reference', planning);
  const described = describe(inline, known, planning);
  if ('errors' in described) return described;
  const payee = plannedPayee(inline.reference, known, planning);
  return { payee, use: await versionFor(ctx, stores, payee, described.sentTo) };
};

/** An input that gives no details is paid to the newest destination. */
const asItIs = (known: KnownPayee, field: string, planning: Planning): PlannedInput => {
  if (!known.key) return wrong(field, 'payee_deleted', 'this payee was deleted and can no longer be paid');
  if (!known.newest) return wrong(field, 'no_destination', 'this payee has no destination yet; add one');
  return { payee: plannedPayee(known.payee.reference, known, planning), use: known.newest };
};

const describe = (inline: InlinePayee, known: KnownPayee | null, { firstDetails }: Planning): Described => {
  if (known) return detailsOfKnown(inline, known.payee, known.newestSentTo);
  const first = firstDetails.get(inline.reference);
  return first ? detailsOfKnown(inline, first, first) : detailsOfNew(inline);
};

/** The newest or an already planned version when it has the same fingerprint; otherwise one more planned version. */
const versionFor = async (ctx: Context, stores: Stores, payee: PlannedPayee, sentTo: SentTo): Promise<DestinationRow | PlannedDestination> => {
  const fingerprint = await fingerprintOf(ctx, stores, sentTo);
  const wanted = toHex(fingerprint);
  const newest = payee.known?.newest;
  const same = [...(newest ? [newest] : []), ...payee.added].find((version) => toHex(version.fingerprint) === wanted);
  if (same) return same;
  const added = { sentTo, fingerprint };
  payee.added.push(added);
  return added;
};

const plannedPayee = (reference: string, known: KnownPayee | null, { payees }: Planning): PlannedPayee => {
  const payee = payees.get(reference) ?? { reference, known, added: [] };
  payees.set(reference, payee);
  return payee;
};

const firstDetailsOf = ({ byReference }: KnownPayees, inputs: readonly PayeeInput[]): Map<string, SentTo> => {
  const firstDetails = new Map<string, SentTo>();
  for (const { payee } of inputs) {
    if (!payee || byReference.has(payee.reference) || firstDetails.has(payee.reference)) continue;
    const described = detailsOfNew(payee);
    if ('sentTo' in described) firstDetails.set(payee.reference, described.sentTo);
  }
  return firstDetails;
};

const wrong = (field: string, reason: string, message: string): { errors: FieldError[] } => ({ errors: [{ field, reason, message }] });
