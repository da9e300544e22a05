import type { z } from 'zod';
import type { editPayee as contract } from '../../contracts/payees.js';
import { type FieldError, type Refusal, type Result, refuse } from '../../domain/result.js';
import { reasonHash } from '../batch-state/end-early.js';
import { type Context, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';
import type { Stores } from '../ports.js';
import type { PayeeRow } from '../stores/payees.js';
import { ensurePayees } from './ensure.js';
import { sealName } from './sealing.js';
import { wirePayee } from './show.js';
import type { WirePayee } from './view.js';

type Input = { payee_id: string } & z.output<typeof contract>;

const FIELDS = ['name', 'payee_type', 'country'] as const;

const REASON_NEEDED: FieldError = {
  field: 'reason',
  reason: 'required',
  message: 'this payee was paid, or a payment is on its way; say why it is somebody of another name, type or country now',
};

/**
 * Corrects name, type or country of a payee. Batches that are there pay what they were made with; what is made from now on pays a new
 * version of the newest destination. Once money of the payee has left or is on its way, a reason is needed. Refuses with `not_found` or
 * `invalid_request` (no reason, or the person was deleted).
 */
export const editPayee = (ctx: Context, { payee_id, reason, ...details }: Input): Promise<Result<WirePayee>> =>
  ctx.inTenant(async (stores) => {
    const payee = await stores.payees.lock(payee_id);
    const paid = await stores.payees.isPaid(payee_id);
    const fields = FIELDS.filter((field) => details[field] !== undefined);
    const detail = { fields, paid, ...(reason === undefined ? {} : { reason_sha256: reasonHash(ctx, reason) }) };
    const entry = { subject: { type: 'payee', id: payee_id }, action: 'payee.edit', detail } as const;
    const refused = (refusal: Refusal) => refusedAndAudited(stores, entry, refusal);
    if (!payee) return refused(refuse('not_found', 'This workspace has no such payee.').refusal);
    if (paid && reason === undefined) return refused(wrongFields([REASON_NEEDED]));

    if (!(await correct(ctx, stores, payee, details))) return refused(wrongFields([DELETED]));
    const [ensured] = await ensurePayees(ctx, stores, [{ payee: { ...details, reference: payee.reference } }]);
    if (!ensured || 'errors' in ensured) throw new Error(`payee ${payee_id} was corrected and its destination was not`);
    const changed = ensured.made === 'destination';
    await stores.audit.append({ ...entry, result: 'ok', detail: { ...detail, destination_id: ensured.destinationId, changed } });
    const shown = await wirePayee(ctx, stores, payee_id);
    if (!shown) throw new Error(`payee ${payee_id} has no row after it was corrected`);
    return answer(shown);
  });

const DELETED: FieldError = { field: 'payee_id', reason: 'payee_deleted', message: 'this payee was deleted and keeps nothing to correct' };

/** Writes what is kept of the payee itself, and answers false when the person was deleted. The new version is planned by it. */
const correct = async (ctx: Context, stores: Stores, payee: PayeeRow, details: Pick<Input, 'name' | 'payee_type' | 'country'>): Promise<boolean> => {
  const keys = await ctx.services.vault.subjectKeys(stores.keys, ctx.tenantId, await stores.keys.subjectKeys([payee.id]));
  const key = keys.get(payee.id);
  if (!key) return false;
  await stores.payees.correct(payee.id, {
    payeeType: details.payee_type ?? payee.payeeType,
    country: details.country ?? payee.country,
    sealedName: details.name === undefined ? payee.sealedName : sealName(ctx, key, payee.id, details.name),
  });
  return true;
};

const wrongFields = (errors: FieldError[]): Refusal =>
  refuse('invalid_request', 'The payee was not changed; fix the named fields.', { errors }).refusal;
