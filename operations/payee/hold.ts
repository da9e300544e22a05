import { doneBy, isAwakePerson } from '../../domain/actors.js';
import { type Result, refuse } from '../../domain/result.js';
import { reasonHash } from '../batch-state/end-early.js';
import { type Context, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { recoveryRefusal } from '../recovery/refuse.js';
import { wirePayee } from './show.js';
import type { WirePayee } from './view.js';

interface HoldInput {
  payee_id: string;
  reason: string;
}

/**
 * Holds a payee: from the answer on nothing is sent to them, in running batches too, where what was not sent is blocked and its money
 * given back. What was sent before is followed up as ever, and not sent again. Holding twice changes nothing. Refuses with `not_found` or
 * `recovery_mode`.
 */
export const holdPayee = (ctx: Context, input: HoldInput): Promise<Result<WirePayee>> => setHeld(ctx, input, 'hold');

/**
 * Lets a held payee go. Items that were blocked meanwhile stay blocked. A person does it: a machine holds, and never lets go. Refuses with
 * `not_found`, `forbidden` (not a person) or `recovery_mode`.
 */
export const releasePayee = (ctx: Context, input: HoldInput): Promise<Result<WirePayee>> => setHeld(ctx, input, 'release');

const setHeld = (ctx: Context, input: HoldInput, verb: 'hold' | 'release'): Promise<Result<WirePayee>> =>
  ctx.inTenant(async (stores) => {
    // Waits for the intents that have read the payee, and every later one sees the hold (R1).
    await stores.workspaces.lock();
    const payee = await stores.payees.get(input.payee_id);
    const detail = { reason_sha256: reasonHash(ctx, input.reason) };
    const action = `payee.${verb}`;
    if (!payee)
      return refusedAndAudited(
        stores,
        { subject: { type: 'workspace', id: ctx.tenantId }, action, detail: { ...detail, payee_id: input.payee_id } },
        refuse('not_found', 'This workspace has no such payee.').refusal,
      );
    if (verb === 'release' && !isAwakePerson(ctx.actor))
      return refusedAndAudited(stores, { subject: { type: 'payee', id: payee.id }, action, detail }, BY_PERSON);
    const recovering = recoveryRefusal(ctx);
    if (recovering) return refusedAndAudited(stores, { subject: { type: 'payee', id: payee.id }, action, detail }, recovering);
    const changes = (payee.heldAt === null) === (verb === 'hold');
    if (changes && verb === 'hold') await stores.payees.hold(payee.id, doneBy(ctx.actor), input.reason);
    if (changes && verb === 'release') await stores.payees.release(payee.id);
    await stores.audit.append({ subject: { type: 'payee', id: payee.id }, action, result: 'ok', detail: { ...detail, changed: changes } });
    const shown = await wirePayee(ctx, stores, payee.id);
    if (!shown) throw new Error(`payee ${payee.id} has no row after it was changed`);
    return answer(shown);
  });

const BY_PERSON = refuse(
  'forbidden',
  'Only a person who signed in with a second factor lets a held payee go. An API key holds, and does not release.',
).refusal;
