import type { Context } from '../context.js';
import type { Stores } from '../ports.js';

/**
 * Gives the whole of a batch's live hold back to its funding account; without one it does nothing. Of a batch that
 * has not begun to execute: once it has, only what is withdrawn is given back, item by item or at once by cancel.
 * `eventId` names the audit event of the deed, which is written later in the same transaction. Returns what was given back.
 */
export const releaseHold = async (
  ctx: Context,
  stores: Stores,
  of: { batchId: string; currency: string; fundingAccountId: string; eventId: string },
): Promise<bigint> => {
  const hold = await stores.holds.lockLive(of.batchId);
  if (!hold) return 0n;
  await stores.holds.reduce(hold.id, hold.remaining);
  const held = await stores.accounts.ensure('held', of.currency);
  await stores.transfers.post({
    id: ctx.services.entropy.newId(),
    debitAccountId: held.id,
    creditAccountId: of.fundingAccountId,
    amount: hold.remaining,
    currency: of.currency,
    kind: 'release',
    batchId: of.batchId,
    eventId: of.eventId,
  });
  return hold.remaining;
};
