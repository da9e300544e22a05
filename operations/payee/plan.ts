import type { SentTo } from '../../domain/destination.js';
import { toHex } from '../../domain/hashing.js';
import type { FieldError } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { DestinationRow } from '../stores/payees.js';
import { type Described, detailsOfKnown, detailsOfNew, saysMore } from './details.js';
import { type KnownPayee, type KnownPayees, readKnown } from './known.js';
import type { InlinePayee, PayeeInput } from './payee-input.js';
import { fingerprintOf } from './sealing.js';

/** A destination version that has to be made. */
export interface PlannedDestination {
  sentTo: SentTo;
  fingerprint: Uint8Array;
}

/** A payee of this call, with the versions that its inputs ask for beyond the newest, in their order. */
export interface PlannedPayee {
  reference: string;
  /** Null when the payee has to be made too. */
  known: KnownPayee | null;
  added: PlannedDestination[];
}

/** What one input comes to: a version that is there, or one that is planned. */
export type PlannedInput = { errors: FieldError[] } | { payee: PlannedPayee; use: DestinationRow | PlannedDestination };

/** Decides for every input what is used, made or wrong. Reads, and writes nothing. */
export const planPayees = async (ctx: Context, stores: Stores, inputs: readonly PayeeInput[]): Promise<PlannedInput[]> => {
  const known = await readKnown(ctx, stores, inputs);
  const founders = foundersOf(known, inputs);
  const payees = new Map<string, PlannedPayee>();
  const planned: PlannedInput[] = [];
  for (const input of inputs) planned.push(await planOne(ctx, stores, input, { known, founders, payees }));
  return planned;
};

interface Planning {
  known: KnownPayees;
  /** Of payees that are not known: the first input that says all, which the others of that reference lean on. */
  founders: ReadonlyMap<string, SentTo>;
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
  if (known && (!known.key || !saysMore(inline))) return asItIs(known, 'reference', planning);
  const described = describe(inline, known, planning);
  if ('errors' in described) return described;
  const payee = plannedPayee(inline.reference, known, planning);
  return { payee, use: await versionFor(ctx, stores, payee, described.sentTo) };
};

/** Only named: the newest destination, whatever it is. */
const asItIs = (known: KnownPayee, field: string, planning: Planning): PlannedInput => {
  if (!known.key) return wrong(field, 'payee_deleted', 'this payee was deleted and can no longer be paid');
  if (!known.newest) return wrong(field, 'no_destination', 'this payee has no destination yet; add one');
  return { payee: plannedPayee(known.payee.reference, known, planning), use: known.newest };
};

const describe = (inline: InlinePayee, known: KnownPayee | null, { founders }: Planning): Described => {
  if (known) return detailsOfKnown(inline, known.payee, known.newestSentTo);
  const founder = founders.get(inline.reference);
  return founder ? detailsOfKnown(inline, founder, founder) : detailsOfNew(inline);
};

/** The newest version or one already planned in this call when it is the same; else one more. */
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

const foundersOf = ({ byReference }: KnownPayees, inputs: readonly PayeeInput[]): Map<string, SentTo> => {
  const founders = new Map<string, SentTo>();
  for (const { payee } of inputs) {
    if (!payee || byReference.has(payee.reference) || founders.has(payee.reference)) continue;
    const described = detailsOfNew(payee);
    if ('sentTo' in described) founders.set(payee.reference, described.sentTo);
  }
  return founders;
};

const wrong = (field: string, reason: string, message: string): { errors: FieldError[] } => ({ errors: [{ field, reason, message }] });
