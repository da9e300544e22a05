import { rangeOf } from '../../domain/batch/content.js';
import { sameBytes, toHex } from '../../domain/hashing.js';
import { toItemId } from '../../domain/ids.js';
import type { Context } from '../context.js';
import { raiseException } from '../exception/raise.js';
import { openDestinations } from '../payee/sealing.js';
import type { Stores } from '../ports.js';
import { openConnection } from '../rail-connection/open.js';
import { settleEvidence } from '../settlement/settle.js';
import type { TimedAttempt } from '../stores/attempts.js';
import type { ChunkItem } from '../stores/chunks.js';
import { type Permitted, permitSending } from './intend.js';
import { type Dispatch, leaseOf, type Progress, sendDispatch } from './send.js';
import { contentMatches, paymentOf, stopForIntegrity } from './verify-content.js';

export interface Resending {
  batchId: string;
  chunk: number;
  /** Item ids that the rail has finally never seen. */
  keys: ReadonlySet<string>;
}

/** Why a person has to decide about an item: it may not be sent again. */
type PersonReason = 'key_expired' | 'rendering_changed' | 'payee_deleted' | 'connection_changed';

type ResendIntent =
  | { kind: 'send'; dispatch: Dispatch }
  | { kind: 'nothing' }
  | { kind: 'mismatch' }
  | { kind: 'person'; reason: PersonReason; ordinals: number[] };

/** Sends items again that the rail has finally never seen: the same bytes, under the same key, while the key lives (R4, R5). */
export const resendItems = async (ctx: Context, resending: Resending, progress: Progress): Promise<void> => {
  const { batchId, chunk } = resending;
  const startedAt = performance.now();
  const intent = await intendResend(ctx, resending);
  if (intent.kind === 'mismatch') return stopForIntegrity(ctx, { batchId, chunk });
  if (intent.kind === 'person') return askPerson(ctx, batchId, intent);
  if (intent.kind === 'nothing') return;
  await ctx.services.failpoint('after_intent');
  const outcomes = await sendDispatch(intent.dispatch, 'resend', startedAt, progress);
  await ctx.services.failpoint('after_send');
  await settleEvidence(ctx, { batchId, connectionId: intent.dispatch.connection.id, source: 'answer', outcomes });
};

const intendResend = (ctx: Context, { batchId, chunk, keys }: Resending): Promise<ResendIntent> =>
  ctx.inTenant(async (stores) => {
    const permit = await permitSending(ctx, stores, batchId);
    if (permit.kind !== 'permitted' || permit.late) return { kind: 'nothing' };
    const { from, to } = rangeOf(chunk, permit.batch.chunkSize, permit.content.size);
    const items = await stores.chunks.lockItems(batchId, from, to);
    const attempts = await stores.attempts.ofChunk(batchId, chunk);
    const again = items.filter((item) => isSilent(item) && !isHeld(item) && keys.has(toItemId(batchId, item.ordinal)));
    // Another process may have begun meanwhile: a newer attempt waits until the older lease has ended (R2).
    if (again.length === 0 || attempts.some((attempt) => attempt.leaseLeftMs > 0)) return { kind: 'nothing' };
    return prepareAgain(ctx, stores, permit, { chunk, items, attempts, again });
  });

const isSilent = ({ state }: ChunkItem): boolean => state === 'submitting' || state === 'unknown';

/** Held after the first send: the item waits until people release the payee. A deleted payee never comes back, so that goes to a person. */
const isHeld = ({ payeeHeld, subjectKey }: ChunkItem): boolean => payeeHeld && subjectKey !== null;

const prepareAgain = async (
  ctx: Context,
  stores: Stores,
  permit: Permitted,
  found: { chunk: number; items: ChunkItem[]; attempts: TimedAttempt[]; again: ChunkItem[] },
): Promise<ResendIntent> => {
  const { batch } = permit;
  const person = (reason: PersonReason): ResendIntent => ({ kind: 'person', reason, ordinals: found.again.map((item) => item.ordinal) });
  const opened = await openConnection(ctx, stores, batch.connectionId);
  // All items of a chunk are pending together, so its first attempt has sent everything that was ever sent of it.
  const first = found.attempts[0];
  if (!opened || !first) throw new Error(`chunk ${found.chunk} of batch ${batch.id} was never sent, or its rail connection does not exist`);
  const capabilities = opened.rail.capabilities(opened.connection);
  if (first.connectionId !== batch.connectionId) return person('connection_changed');
  if (first.ageMs >= capabilities.keyTtlMs) return person('key_expired');

  const sentItems = found.items.filter((item) => item.attempt > 0);
  const sending = await openDestinations(ctx, stores, sentItems);
  if (sentItems.some((item) => !sending.has(item.ordinal))) return person('payee_deleted');
  if (!(await contentMatches(ctx, stores, permit, { chunk: found.chunk, items: found.items, sending }))) return { kind: 'mismatch' };
  const payments = sentItems.flatMap((item) => {
    const destination = sending.get(item.ordinal);
    return destination ? [paymentOf(batch, item, destination)] : [];
  });
  const whole = opened.rail.prepare(payments, first.rendererVersion);
  if (!sameBytes(whole.hash, first.requestHash)) return person('rendering_changed');

  const keys = new Set(found.again.map((item) => toItemId(batch.id, item.ordinal)));
  const artefact = opened.rail.prepare(
    payments.filter(({ key }) => keys.has(key)),
    first.rendererVersion,
  );
  const attempt = (found.attempts.at(-1)?.attempt ?? 0) + 1;
  const leaseMs = leaseOf(capabilities);
  await stores.attempts.insert({ ...first, attempt, requestHash: artefact.hash, itemCount: artefact.payments.length, leaseMs });
  const ordinals = found.again.map((item) => item.ordinal);
  await stores.chunks.markAttempt(batch.id, ordinals, attempt, leaseMs);
  await stores.audit.append({
    subject: { type: 'chunk', id: `${batch.id}/${found.chunk}` },
    action: 'chunk.intend',
    result: 'ok',
    detail: { attempt, chunk: found.chunk, source: 'resend', count: ordinals.length, request_hash: toHex(artefact.hash) },
  });
  return { kind: 'send', dispatch: { ...opened, capabilities, artefact, leaseMs } };
};

/** Items that only people can settle stay `unknown`, with exactly their amount held. They join the exception of their kind and batch. */
const askPerson = async (ctx: Context, batchId: string, { reason, ordinals }: { reason: PersonReason; ordinals: number[] }): Promise<void> => {
  await ctx.inTenant((stores) => raiseException(ctx, stores, { kind: `unknown_${reason}`, batchId, ordinals }));
};
