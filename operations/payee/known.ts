import type { SentTo } from '../../domain/destination.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { DestinationRow, PayeeRow } from '../stores/payees.js';
import { saysAll, saysMore } from './details.js';
import type { PayeeInput } from './payee-input.js';
import { openDestination } from './sealing.js';

/** A payee that the workspace has, as one call sees it. */
export interface KnownPayee {
  payee: PayeeRow;
  /** Null once the person was deleted. */
  key: Uint8Array | null;
  newest: DestinationRow | null;
  /** The newest destination opened; only where an input needs it to fill in what it leaves out. */
  newestSentTo: SentTo | null;
}

export interface KnownPayees {
  byReference: ReadonlyMap<string, KnownPayee>;
  byId: ReadonlyMap<string, KnownPayee>;
}

/** Reads every payee that the inputs name, with keys, in a fixed number of statements. */
export const readKnown = async (ctx: Context, stores: Stores, inputs: readonly PayeeInput[]): Promise<KnownPayees> => {
  const references = [...new Set(inputs.flatMap(({ payee }) => payee?.reference ?? []))];
  const ids = [...new Set(inputs.flatMap(({ payee_id }) => payee_id ?? []))];
  const rows = [
    ...(references.length > 0 ? (await stores.payees.byReference(references)).values() : []),
    ...(ids.length > 0 ? (await stores.payees.byIds(ids)).values() : []),
  ];
  const wrapped = rows.length > 0 ? await stores.keys.subjectKeys([...new Set(rows.map(({ payee }) => payee.id))]) : new Map();
  const keys = await ctx.services.vault.unwrapSubjectKeys(stores.keys, ctx.tenantId, wrapped);
  const toOpen = new Set(inputs.flatMap(({ payee }) => (payee && saysMore(payee) && !saysAll(payee) ? payee.reference : [])));
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
