import type { z } from 'zod';
import type { createPayee as contract } from '../../contracts/payees.js';
import { doneBy } from '../../domain/actors.js';
import { type FieldError, type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { detailsOfNew } from './details.js';
import { writePayees } from './ensure.js';
import { fingerprints } from './sealing.js';
import { wirePayee } from './show.js';
import type { WirePayee } from './view.js';

const TAKEN: FieldError = {
  field: 'reference',
  reason: 'reference_taken',
  message: 'another payee has this reference; add a destination to it instead',
};

/**
 * Adds a payee with its first destination. Everything that names the person is sealed under the payee's own key (R21).
 * Refuses with `invalid_request`: a field is wrong, or the reference is taken.
 */
export const createPayee = (ctx: Context, input: z.output<typeof contract>): Promise<Result<WirePayee>> =>
  ctx.inTenant(async (stores) => {
    const refused = (errors: FieldError[]) =>
      refusedAndAudited(
        stores,
        { subject: { type: 'workspace', id: ctx.tenantId }, action: 'payee.create', detail: {} },
        refuse('invalid_request', 'The payee was not added; fix the named fields.', { errors }).refusal,
      );
    const described = detailsOfNew(input);
    if ('errors' in described) return refused(described.errors);
    const { sentTo } = described;
    const first = { sentTo, fingerprint: (await fingerprints(ctx, stores)).whole(sentTo) };
    const planned = { reference: input.reference, known: null, added: [first] };
    const row = (
      await writePayees(ctx, stores, [planned], { made: { payees: new Set(), destinations: new Set() }, createdBy: doneBy(ctx.actor) })
    )?.get(first);
    if (!row) return refused([TAKEN]);
    await stores.audit.append({
      subject: { type: 'payee', id: row.payeeId },
      action: 'payee.create',
      result: 'ok',
      detail: { destination_id: row.id },
    });
    const payee = await wirePayee(ctx, stores, row.payeeId);
    if (!payee) throw new Error(`payee ${row.payeeId} has no row after it was added`);
    return answer(payee);
  });
