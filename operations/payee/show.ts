import { ok, type Result, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import { toWirePayees, type WirePayee } from './view.js';

/** One payee with its newest destination, masked. Refuses with `not_found`, also for a payee of another workspace. */
export const showPayee = (ctx: Context, { payee_id }: { payee_id: string }): Promise<Result<WirePayee>> =>
  ctx.inTenant(async (stores) => {
    const payee = await wirePayee(ctx, stores, payee_id);
    return payee ? ok(payee) : refuse('not_found', 'This workspace has no such payee.');
  });

/** One payee in its wire form, or null when the workspace has no such payee. */
export const wirePayee = async (ctx: Context, stores: Stores, payeeId: string): Promise<WirePayee | null> => {
  const [payee] = await toWirePayees(ctx, stores, [...(await stores.payees.byIds([payeeId])).values()]);
  return payee ?? null;
};
