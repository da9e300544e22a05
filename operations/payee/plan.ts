import type { SentTo } from '../../domain/destination.js';
import type { FieldError } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { DestinationToPay, PayeeToPay } from '../stores/payees.js';
import { type Described, detailsOfKnown, detailsOfNew, givesAllDetails, givesDetails, type InlinePayee, type PayeeInput } from './details.js';
import { type Fingerprints, fingerprints, isOfVersion, openDestination } from './sealing.js';

/** A payee that the workspace has, as it was read for one call. */
export interface KnownPayee extends PayeeToPay {
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
export type PlannedInput = { errors: FieldError[] } | { payee: PlannedPayee; use: DestinationToPay | PlannedDestination };

/** Decides for every input, in their order, which version it uses, or what is wrong with it. It writes nothing. */
export const planPayees = async (ctx: Context, stores: Stores, inputs: readonly PayeeInput[]): Promise<PlannedInput[]> => {
  const decided = await decidePayees(ctx, stores, inputs, 'write');
  const prints = await fingerprints(ctx, stores);
  const payees = new Map<string, PlannedPayee>();
  const plannedPayee = (reference: string, known: KnownPayee | null): PlannedPayee => {
    const payee = payees.get(reference) ?? { reference, known, added: [] };
    payees.set(reference, payee);
    return payee;
  };
  return decided.map((input): PlannedInput => {
    if ('errors' in input) return input;
    const payee = plannedPayee(input.reference, input.known);
    return { payee, use: 'newest' in input ? input.newest : versionFor(payee, input.sentTo, prints) };
  });
};

/** What an input asks for: to pay to the newest destination as it is, or to these details; or what is wrong with it. */
export type DecidedInput =
  | { known: KnownPayee | null; errors: FieldError[] }
  | { known: KnownPayee; reference: string; newest: DestinationToPay }
  | { known: KnownPayee | null; reference: string; sentTo: SentTo };

/**
 * The first half of the plan, which computes no fingerprint: it finds everything that is wrong. A check reads no destination that it can do
 * without, and takes each input of a new payee for itself: whoever asks for it knows what earlier ones said (said-payees.ts).
 */
export const decidePayees = async (
  ctx: Context,
  stores: Stores,
  inputs: readonly PayeeInput[],
  reason: 'check' | 'write',
): Promise<DecidedInput[]> => {
  const known = await readKnown(ctx, stores, inputs, reason);
  const firstDetails = reason === 'check' ? new Map<string, SentTo>() : firstDetailsOf(known, inputs);
  return inputs.map((input) => decide(input, known, firstDetails));
};

/** Reads every payee that the inputs name, in a fixed number of statements. */
const readKnown = async (ctx: Context, stores: Stores, inputs: readonly PayeeInput[], reason: 'check' | 'write'): Promise<KnownPayees> => {
  const ids = inputs.flatMap(({ payee_id }) => payee_id ?? []);
  const references = new Set(inputs.flatMap(({ payee }) => payee?.reference ?? []));
  const needed = reason === 'write' ? references : new Set(inputs.flatMap(({ payee }) => (payee && !givesAllDetails(payee) ? payee.reference : [])));
  const complete = [...references].filter((reference) => !needed.has(reference));
  const rows = [
    ...(needed.size > 0 ? await stores.payees.toPay('reference', [...needed], true) : []),
    ...(complete.length > 0 ? await stores.payees.toPay('reference', complete, false) : []),
    ...(ids.length > 0 ? await stores.payees.toPay('id', ids, true) : []),
  ];
  const toOpen = new Set(inputs.flatMap(({ payee }) => (payee && givesDetails(payee) && !givesAllDetails(payee) ? payee.reference : [])));
  const opened = await openNewest(
    ctx,
    stores,
    rows.filter(({ reference }) => toOpen.has(reference)),
  );
  const known = rows.map((row): KnownPayee => ({ ...row, newestSentTo: opened.get(row.id) ?? null }));
  return {
    byReference: new Map(known.map((one) => [one.reference, one])),
    byId: new Map(known.map((one) => [one.id, one])),
  };
};

/** What the newest destinations of these payees hold, by payee. Those whose key is gone are left out. */
const openNewest = async (ctx: Context, stores: Stores, payees: readonly PayeeToPay[]): Promise<Map<string, SentTo>> => {
  const opened = new Map<string, SentTo>();
  if (payees.length === 0) return opened;
  const keys = await ctx.services.vault.subjectKeys(stores.keys, ctx.tenantId, await stores.keys.subjectKeys(payees.map(({ id }) => id)));
  const destinations = await stores.payees.destinations(payees.flatMap(({ newest }) => newest?.id ?? []));
  for (const destination of destinations.values()) {
    const key = keys.get(destination.payeeId);
    if (key) opened.set(destination.payeeId, openDestination(ctx, key, destination).sentTo);
  }
  return opened;
};

/** `firstDetails` has, for each new reference, the details of the first input that gives them all. Later inputs may leave some of them out. */
const decide = (input: PayeeInput, { byReference, byId }: KnownPayees, firstDetails: ReadonlyMap<string, SentTo>): DecidedInput => {
  const { payee_id, payee: inline } = input;
  if ((payee_id === undefined) === (inline === undefined)) return wrong(null, 'payee', 'one_payee', 'give either payee_id or payee');
  if (payee_id !== undefined) {
    const known = byId.get(payee_id);
    return known ? asItIs(known, 'payee_id') : wrong(null, 'payee_id', 'not_found', 'this workspace has no such payee');
  }
  if (inline === undefined) throw new Error('an input names no payee');
  const known = byReference.get(inline.reference) ?? null;
  if (known && (!known.hasKey || !givesDetails(inline))) return asItIs(known, 'reference');
  const described = describe(inline, known, firstDetails);
  return 'errors' in described ? { known, errors: described.errors } : { known, reference: inline.reference, sentTo: described.sentTo };
};

/** An input that gives no details is paid to the newest destination. */
const asItIs = (known: KnownPayee, field: string): DecidedInput => {
  if (!known.hasKey) return wrong(known, field, 'payee_deleted', 'this payee was deleted and can no longer be paid');
  if (!known.newest) return wrong(known, field, 'no_destination', 'this payee has no destination yet; add one');
  return { known, reference: known.reference, newest: known.newest };
};

const describe = (inline: InlinePayee, known: KnownPayee | null, firstDetails: ReadonlyMap<string, SentTo>): Described => {
  if (known) return detailsOfKnown(inline, known, known.newestSentTo);
  const first = firstDetails.get(inline.reference);
  if (!first) return detailsOfNew(inline);
  const errors = saidOtherwise(inline, first);
  return errors.length > 0 ? { errors } : detailsOfKnown(inline, first, first);
};

/** Where an input of a new payee contradicts the one that describes it: which of the two is right, nobody can tell. */
const saidOtherwise = ({ name, country, payee_type }: InlinePayee, first: SentTo): FieldError[] => {
  const errors: FieldError[] = [];
  const differs = (field: string, reason: string, what: string) =>
    errors.push({ field, reason, message: `another payment gives this new payee another ${what}; correct one of the two` });
  if (name !== undefined && name !== first.name) differs('name', 'name_differs', 'name');
  if (country !== undefined && country !== first.country) differs('country', 'country_differs', 'country');
  if (payee_type !== undefined && payee_type !== first.payeeType) differs('payee_type', 'type_differs', 'type');
  return errors;
};

/** The newest or an already planned version when it has the same fingerprint; otherwise one more planned version. */
const versionFor = (payee: PlannedPayee, sentTo: SentTo, prints: Fingerprints): DestinationToPay | PlannedDestination => {
  const version = prints.versionOf(sentTo);
  const newest = payee.known?.newest;
  if (newest && isOfVersion(newest.fingerprint, version)) return newest;
  const same = payee.added.find(({ fingerprint }) => isOfVersion(fingerprint, version));
  if (same) return same;
  const added = { sentTo, fingerprint: prints.whole(sentTo, version) };
  payee.added.push(added);
  return added;
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

const wrong = (known: KnownPayee | null, field: string, reason: string, message: string): DecidedInput => ({
  known,
  errors: [{ field, reason, message }],
});
