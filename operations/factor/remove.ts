import type { z } from 'zod';
import type { removeFactor as contract } from '../../contracts/factors.js';
import { toWireId } from '../../domain/ids.js';
import { type Result, refuse } from '../../domain/result.js';
import { counts, decides, PENDING_MS } from '../../domain/second-factor.js';
import type { Context } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { proveByAnyCode, proveByRestedCode } from './prove.js';
import { personalEntry, refusedEverywhere, tellByLetter, writeEverywhere } from './tell.js';
import { toWireFactor, type WireFactor } from './view.js';

type Input = { factor_id: string } & z.output<typeof contract>;

/**
 * Removes a factor of the caller that is not their last, by a code of another one or a recovery code. One that has rested goes by a
 * code of another one that has, or a recovery code: nobody who has just added one takes the old ones away. Its secret is erased; gates that it
 * opened stay open.
 *
 * Refuses with `forbidden` (no person), `not_found` (no such factor counts), `last_factor` (two people remove that), `code_wrong`,
 * `otp_step_used`, `factor_resting` or `factor_locked`.
 */
export const removeFactor = async (ctx: Context, { factor_id: id, code }: Input): Promise<Result<WireFactor>> => {
  const { actor } = ctx;
  if (actor.type !== 'user') return refuse('forbidden', 'Only a person who signed in has second factors.');
  const { personId } = actor;
  return ctx.inTenant(async (stores): Promise<Result<WireFactor>> => {
    const entry = { ...personalEntry(personId, 'factor.remove'), detail: { factor_id: toWireId('factor', id) } };
    await stores.factors.lockEnrolment(personId);
    const counting = (await stores.factors.list(PENDING_MS)).filter(counts);
    const own = counting.find((factor) => factor.id === id);
    if (!own) return refusedEverywhere(stores, entry, NONE);
    if (counting.length === 1) return refusedEverywhere(stores, entry, LAST);
    const locked = await stores.factors.lock(personId, 'session');
    const refusal = decides(own, stores.now)
      ? await proveByRestedCode(ctx, stores, locked, code, id)
      : await proveByAnyCode(ctx, stores, locked, code, id);
    if (refusal) return refusedEverywhere(stores, entry, refusal);
    await stores.factors.remove(id);
    await tellByLetter(ctx, stores, personId, { template: 'factor_removed', params: { name: own.name, at: stores.now.toISOString() } });
    await writeEverywhere(stores, { ...entry, result: 'ok' });
    return answer(toWireFactor({ ...own, removedAt: stores.now }));
  });
};

const NONE = refuse('not_found', 'You have no such second factor; list them to see which you have.').refusal;
const LAST = refuse(
  'last_factor',
  'This is your last second factor. Add another first; or ask for a reset, which somebody who may manage people confirms.',
).refusal;
