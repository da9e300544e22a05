import type { z } from 'zod';
import type { confirmFactor as contract } from '../../contracts/factors.js';
import { toWireId } from '../../domain/ids.js';
import { type Result, refuse } from '../../domain/result.js';
import { CONFIRM_FAILURES_MAX, counts, FACTORS_MAX, PENDING_MS, RECOVERY_CODES, TOO_MANY_FACTORS } from '../../domain/second-factor.js';
import type { Context } from '../context.js';
import { answer } from '../idempotency/answer.js';
import type { Stores } from '../ports.js';
import type { FactorRow } from '../stores/factors.js';
import { personalEntry, refusedEverywhere, tellByLetter, writeEverywhere } from './tell.js';
import { toWireFactor, type WireFactor } from './view.js';

type Input = { factor_id: string } & z.output<typeof contract>;

/**
 * Makes a factor of the caller count, by a code of it, which is used up. It decides nothing until it has rested. With the first factor come
 * ten recovery codes, in this answer alone. The session that asks stays as it is: whatever slept in it wakes at the next sign-in.
 *
 * Refuses with `forbidden` (no person), `not_found` (no such factor waits, or it waited for too long), `code_wrong` (after five the factor is
 * forgotten) or `too_many_factors`.
 */
export const confirmFactor = async (ctx: Context, { factor_id: id, code }: Input): Promise<Result<WireFactor>> => {
  const { actor } = ctx;
  if (actor.type !== 'user') return refuse('forbidden', 'Only a person who signed in has second factors.');
  const { personId } = actor;
  return ctx.inTenant(async (stores): Promise<Result<WireFactor>> => {
    const entry = personalEntry(personId, 'factor.confirm');
    await stores.factors.lockEnrolment(personId);
    const pending = await stores.factors.lockPending(id, PENDING_MS);
    if (pending?.kind !== 'totp') return refusedEverywhere(stores, entry, NONE_WAITS);
    const about = { ...entry, detail: { factor_id: toWireId('factor', id) } };
    const step = await ctx.services.credentials.matchTotp(pending, code, stores.now);
    if (step === null) return refusedEverywhere(stores, about, await wrongCode(stores, id));
    return makeCount(ctx, stores, about, { ...pending, lastStep: step }, (gatesFrom) => stores.factors.confirm(id, step, gatesFrom));
  });
};

/**
 * Makes a factor of any kind count that has proved itself: `write` stores that, with the time from which it decides, and is false when another
 * request was first. The person and the logs are told, and with the first factor come ten recovery codes, in this answer alone.
 */
export const makeCount = async (
  ctx: Context,
  stores: Stores,
  about: Parameters<typeof refusedEverywhere>[1],
  pending: FactorRow,
  write: (gatesFrom: Date) => Promise<boolean>,
): Promise<Result<WireFactor>> => {
  const others = (await stores.factors.list(PENDING_MS)).filter(counts);
  if (others.length >= FACTORS_MAX) return refusedEverywhere(stores, about, TOO_MANY_FACTORS);
  const gatesFrom = new Date(stores.now.getTime() + ctx.services.factorRestMs);
  if (!(await write(gatesFrom))) return refusedEverywhere(stores, about, NONE_WAITS);
  return answer(await announceConfirmed(ctx, stores, { ...pending, confirmedAt: stores.now, gatesFrom }, others.length === 0));
};

const announceConfirmed = async (ctx: Context, stores: Stores, factor: FactorRow & { gatesFrom: Date }, isFirst: boolean): Promise<WireFactor> => {
  const { id, personId, kind, name, gatesFrom } = factor;
  const codes = isFirst ? await newRecoveryCodes(ctx, stores, personId) : null;
  const params = { name, at: stores.now.toISOString(), gates_from: gatesFrom.toISOString() };
  await tellByLetter(ctx, stores, personId, { template: 'factor_added', params });
  await writeEverywhere(stores, {
    ...personalEntry(personId, 'factor.confirm'),
    result: 'ok',
    detail: { factor_id: toWireId('factor', id), kind, decides_from: gatesFrom.toISOString(), first: codes !== null },
  });
  return { ...toWireFactor(factor), ...(codes ? { recovery_codes: codes } : {}) };
};

/** Ten new recovery codes in the place of whatever there was. */
export const newRecoveryCodes = async (ctx: Context, stores: Stores, personId: string): Promise<string[]> => {
  const { codes, hashes } = ctx.services.credentials.newRecoveryCodes(RECOVERY_CODES);
  await stores.recoveryCodes.replace(personId, hashes);
  return codes;
};

const wrongCode = async (stores: Stores, factorId: string) => {
  const left = CONFIRM_FAILURES_MAX - (await stores.factors.countPendingFailure(factorId, CONFIRM_FAILURES_MAX));
  const detail = left > 0 ? 'Type the code that the new authenticator shows now.' : 'Too many wrong codes: this enrolment is void. Begin a new one.';
  return refuse('code_wrong', detail, { extra: { failures_left: Math.max(left, 0) } }).refusal;
};

export const NONE_WAITS = refuse('not_found', 'You have no such factor that waits for its confirmation. Enrol anew.').refusal;
