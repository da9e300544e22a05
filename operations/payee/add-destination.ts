import type { z } from 'zod';
import type { addDestination as contract } from '../../contracts/payees.js';
import { ONE_DESTINATION } from '../../domain/destination.js';
import { type FieldError, type Refusal, type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { givesDestination } from './details.js';
import { ensurePayees } from './ensure.js';
import { wirePayee } from './show.js';
import type { WirePayee } from './view.js';

type Input = { payee_id: string } & z.output<typeof contract>;

const NO_DESTINATION: FieldError = {
  field: 'destination',
  reason: 'one_destination',
  message: ONE_DESTINATION,
};

/**
 * Adds a destination version to a payee; items made from now on are paid there. A destination that is the newest one already
 * adds nothing. Refuses with `not_found` or `invalid_request` (a field is wrong).
 */
export const addDestination = (ctx: Context, { payee_id, ...input }: Input): Promise<Result<WirePayee>> =>
  ctx.inTenant(async (stores) => {
    const entry = { subject: { type: 'payee', id: payee_id }, action: 'payee.add_destination', detail: {} } as const;
    const refused = (refusal: Refusal) => refusedAndAudited(stores, entry, refusal);
    const payee = await stores.payees.get(payee_id);
    if (!payee) return refused(refuse('not_found', 'This workspace has no such payee.').refusal);
    if (!givesDestination(input)) return refused(wrongFields([NO_DESTINATION]));
    const [ensured] = await ensurePayees(ctx, stores, [{ payee: { ...input, reference: payee.reference } }]);
    if (!ensured || 'errors' in ensured) return refused(wrongFields(ensured?.errors ?? []));
    await stores.audit.append({ ...entry, result: 'ok', detail: { destination_id: ensured.destinationId, added: ensured.made === 'destination' } });
    const shown = await wirePayee(ctx, stores, payee_id);
    if (!shown) throw new Error(`payee ${payee_id} has no row after a destination was added to it`);
    return answer(shown);
  });

const wrongFields = (errors: FieldError[]): Refusal =>
  refuse('invalid_request', 'The destination was not added; fix the named fields.', { errors }).refusal;
