import type { z } from 'zod';
import type { comment, addComment as contract } from '../../contracts/exceptions.js';
import { doneBy } from '../../domain/actors.js';
import type { Result } from '../../domain/result.js';
import { reasonHash } from '../batch-state/end-early.js';
import type { Context } from '../context.js';
import { nameDoneBy } from '../done-by.js';
import { answer } from '../idempotency/answer.js';
import { refuseAbsentException, subjectOf } from './refuse.js';
import { toWireComment } from './view.js';

type Input = { exception_id: string } & z.output<typeof contract>;

/** Writes a comment on an exception, open or resolved. The audit log holds the hash of its words only. Refuses with `not_found`. */
export const commentOnException = (ctx: Context, { exception_id, body }: Input): Promise<Result<z.infer<typeof comment>>> =>
  ctx.inTenant(async (stores) => {
    const view = await stores.exceptions.view(exception_id);
    if (!view) return refuseAbsentException(ctx, stores, 'exception.comment', exception_id);
    const { exception } = view;
    const row = { id: ctx.services.entropy.newId(), exceptionId: exception.id, body };
    await stores.exceptions.comment(row);
    await stores.audit.append({
      subject: subjectOf(ctx, exception),
      action: 'exception.comment',
      result: 'ok',
      detail: { exception_id: exception.id, comment_id: row.id, body_sha256: reasonHash(ctx, body) },
    });
    const nameOf = await nameDoneBy(stores, [doneBy(ctx.actor)]);
    return answer(toWireComment({ ...row, actor: ctx.actor, createdAt: stores.now }, nameOf));
  });
