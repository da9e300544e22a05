import type { SentTo } from '../../domain/destination.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { ChangedPayee } from '../stores/shown-facts.js';
import { openDestination } from './sealing.js';

interface FromTo {
  from: string;
  to: string;
}

/** What of a payee is another than what was paid last; null for what is the same, and for all of a person who was deleted. */
export interface PayeeChanges {
  /** In clear, for the screen of who decides alone. */
  name: FromTo | null;
  payee_type: FromTo | null;
  country: FromTo | null;
}

/** Finds what differs between two versions of payees. Two statements and a key for each payee, so it is for the few that people are shown. */
export const changesOf = async (ctx: Context, stores: Stores, shown: readonly ChangedPayee[]): Promise<(one: ChangedPayee) => PayeeChanges> => {
  if (shown.length === 0) return () => differing(null, null);
  const versions = await stores.payees.destinations(shown.flatMap(({ fromDestinationId, toDestinationId }) => [fromDestinationId, toDestinationId]));
  const stored = await stores.keys.subjectKeys([...new Set(shown.map(({ payeeId }) => payeeId))]);
  const keys = await ctx.services.vault.subjectKeys(stores.keys, ctx.tenantId, stored);
  const sentTo = (payeeId: string, destinationId: string): SentTo | null => {
    const [key, version] = [keys.get(payeeId), versions.get(destinationId)];
    return key && version ? openDestination(ctx, key, version).sentTo : null;
  };
  return (one) => differing(sentTo(one.payeeId, one.fromDestinationId), sentTo(one.payeeId, one.toDestinationId));
};

const differing = (from: SentTo | null, to: SentTo | null): PayeeChanges => {
  if (!from || !to) return { name: null, payee_type: null, country: null };
  return {
    name: from.name === to.name ? null : { from: from.name, to: to.name },
    payee_type: from.payeeType === to.payeeType ? null : { from: from.payeeType, to: to.payeeType },
    country: from.country === to.country ? null : { from: from.country, to: to.country },
  };
};
