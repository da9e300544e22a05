import type { z } from 'zod';
import type { assign as contract } from '../../contracts/exceptions.js';
import { toWireId } from '../../domain/ids.js';
import { type Result, wrongInput } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { refuseAbsentException, resolvedRefusal, subjectOf } from './refuse.js';
import { type WireException, wireExceptions } from './view.js';

type Input = { exception_id: string } & z.output<typeof contract>;

/** Gives an open exception to a member of the workspace, or to nobody. Refuses with `not_found`, `exception_resolved` or `invalid_request` (no such member). */
export const assignException = (ctx: Context, input: Input): Promise<Result<WireException>> =>
  ctx.inTenant(async (stores) => {
    const exception = await stores.exceptions.lock(input.exception_id);
    if (!exception) return refuseAbsentException(ctx, stores, 'exception.assign', input.exception_id);
    const entry = {
      subject: subjectOf(ctx, exception),
      action: 'exception.assign',
      detail: { exception_id: exception.id, owner_id: input.owner_id && toWireId('person', input.owner_id) },
    } as const;
    if (exception.resolvedAt) return refusedAndAudited(stores, entry, resolvedRefusal());
    if (input.owner_id !== null && !(await stores.memberships.isActive(input.owner_id)))
      return refusedAndAudited(
        stores,
        entry,
        wrongInput([{ field: 'owner_id', reason: 'no_member', message: 'this is no active member of the workspace' }]),
      );
    await stores.exceptions.assign(exception.id, input.owner_id);
    await stores.audit.append({ ...entry, result: 'ok' });
    const view = await stores.exceptions.view(exception.id);
    const [assigned] = view ? await wireExceptions(stores, [view]) : [];
    if (!assigned) throw new Error(`exception ${exception.id} is gone under its own lock`);
    return answer(assigned);
  });
