import type { z } from 'zod';
import type { renewRecoveryCodes as contract, recoveryCodes } from '../../contracts/factors.js';
import { type Result, refuse } from '../../domain/result.js';
import { decides, PENDING_MS } from '../../domain/second-factor.js';
import type { Context } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { newRecoveryCodes } from './confirm.js';
import { proveByCode, proveToDecide } from './prove.js';
import { personalEntry, refusedEverywhere, tellByLetter, writeEverywhere } from './tell.js';

type WireRecoveryCodes = z.infer<typeof recoveryCodes>;

/**
 * Makes ten recovery codes for the caller, in this answer alone, in the place of all earlier ones. It takes a code of a factor, of one that has
 * rested if there is any, and no recovery code. Refuses with `forbidden` (no person), `factor_missing`, `factor_locked`, `factor_resting`,
 * `code_wrong` or `otp_step_used`.
 */
export const renewRecoveryCodes = async (ctx: Context, { code }: z.output<typeof contract>): Promise<Result<WireRecoveryCodes>> => {
  const { actor } = ctx;
  if (actor.type !== 'user') return refuse('forbidden', 'Only a person who signed in has recovery codes.');
  const { personId } = actor;
  return ctx.inTenant(async (stores): Promise<Result<WireRecoveryCodes>> => {
    const entry = personalEntry(personId, 'person.renew_recovery_codes');
    await stores.factors.lockEnrolment(personId);
    // Whoever has just added a factor does not replace what the older ones have. Where none has rested, there is nothing older.
    const hasRested = (await stores.factors.list(PENDING_MS)).some((factor) => decides(factor, stores.now));
    const refusal = await (hasRested ? proveToDecide : proveByCode)(ctx, stores, personId, code);
    if (refusal) return refusedEverywhere(stores, entry, refusal);
    const codes = await newRecoveryCodes(ctx, stores, personId);
    await tellByLetter(ctx, stores, personId, { template: 'recovery_codes_made', params: { at: stores.now.toISOString() } });
    await writeEverywhere(stores, { ...entry, result: 'ok', detail: { count: codes.length } });
    return answer({ object: 'recovery_codes', recovery_codes: codes, created_at: stores.now.toISOString() });
  });
};
