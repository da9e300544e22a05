import type { z } from 'zod';
import type { fullException } from '../../contracts/exceptions.js';
import { doneBy } from '../../domain/actors.js';
import { effectOf, kindRow, RESOLUTIONS } from '../../domain/exceptions.js';
import { ok, type Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { byPerson, nameDoneBy } from '../done-by.js';
import type { Stores } from '../ports.js';
import { sendingOf } from '../proposal/sending.js';
import type { ExceptionView } from '../stores/exceptions.js';
import { noSuchException } from './refuse.js';
import { toWireComment, toWireException, toWireProposal } from './view.js';

export type FullException = z.infer<typeof fullException>;

/** One exception with what is known, from whom, since when, what the rail's rules say and what to do next. Refuses with `not_found`. */
export const showException = (ctx: Context, input: { exception_id: string }): Promise<Result<FullException>> =>
  ctx.inTenant(async (stores) => {
    const view = await stores.exceptions.view(input.exception_id);
    return view ? ok(await fullOf(ctx, stores, view)) : noSuchException();
  });

/** An exception in full, as it stands in this transaction. */
export const fullOf = async (ctx: Context, stores: Stores, view: ExceptionView): Promise<FullException> => {
  const { exception } = view;
  const kind = kindRow(exception.kind);
  const proposals = await stores.proposals.ofException(exception.id);
  const confirmedBy = await stores.proposals.confirmers(proposals.map(({ id }) => id));
  const comments = await stores.exceptions.comments(exception.id);
  const people = [exception.ownerId, ...proposals.map(({ proposedBy }) => proposedBy), ...confirmedBy.values()];
  const nameOf = await nameDoneBy(stores, [...people.map(byPerson), ...comments.map(({ actor }) => doneBy(actor))]);
  const open = { items: exception.openCount, amount: exception.openAmount, currency: view.currency };
  return {
    ...toWireException(view, stores.now, nameOf),
    meaning: kind.meaning,
    next: kind.next,
    choices: kind.resolutions.map((choice) => ({ choice, people: RESOLUTIONS[choice].people, effect: effectOf(choice, open) })),
    detail: exception.detail as { [key: string]: unknown },
    known: await knownOf(ctx, stores, view),
    proposals: proposals.map((row) => toWireProposal(row, confirmedBy.get(row.id) ?? null, nameOf)),
    comments: comments.map((row) => toWireComment(row, nameOf)),
  };
};

const knownOf = async (ctx: Context, stores: Stores, { exception }: ExceptionView): Promise<FullException['known']> => {
  const batch = exception.batchId === null ? null : await stores.batches.get(exception.batchId);
  if (!batch) return { states: [], first_sent_at: null, last_sent_at: null, rail: null, may_fail_from: null };
  const states = await stores.exceptions.standing(exception);
  const chunks = await stores.exceptions.openChunks(exception.id, batch.chunkSize);
  const sending = await sendingOf(ctx, stores, batch, chunks);
  return {
    states: states.map((one) => ({ ...one, amount: Number(one.amount) })),
    first_sent_at: sending.firstAt?.toISOString() ?? null,
    last_sent_at: sending.lastAt?.toISOString() ?? null,
    rail: sending.rail && {
      name: batch.rail,
      key_lives_seconds: Math.floor(sending.rail.keyTtlMs / 1_000),
      acceptance_window_seconds: Math.ceil(sending.rail.acceptanceWindowMs / 1_000),
    },
    may_fail_from: kindRow(exception.kind).resolutions.includes('provider_never_got') ? (sending.mayFailFrom?.toISOString() ?? null) : null,
  };
};
