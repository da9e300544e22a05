import { rangeOf } from '../../domain/batch/content.js';
import { sameBytes } from '../../domain/hashing.js';
import { fromItemId, toItemId } from '../../domain/ids.js';
import { coverageOf, covers, stateUnder } from '../../domain/item/coverage.js';
import { isInDoubt } from '../../domain/item/states.js';
import type { Context } from '../context.js';
import { openDestinations } from '../payee/sealing.js';
import type { Stores } from '../ports.js';
import { keyOutlasts } from '../rail.js';
import { type Opened, openRowAsSigned, openSender, sentAsSigned } from '../rail-connection/open.js';
import { settleEvidence } from '../settlement/settle.js';
import type { ChunkItem } from '../stores/chunks.js';
import type { TimedDispatch } from '../stores/dispatches.js';
import { endDoubt, type PersonReason } from './end-doubt.js';
import { mayDispatch, type Permitted, permitSending } from './intend.js';
import { noteAnswer } from './provider-health.js';
import { recordDispatch } from './record-dispatch.js';
import { type Dispatch, leaseOf, type Progress, sendDispatch } from './send.js';
import { contentMatches, paymentOf, stopForIntegrity } from './verify-content.js';

export interface Resending {
  batchId: string;
  chunk: number;
  /** Item ids that the rail has finally never seen. */
  keys: ReadonlySet<string>;
  /** The newest attempt of the chunk that the lookup knew of: what it found says nothing about a later one. */
  seen: number;
}

type ResendIntent =
  | { kind: 'send'; dispatch: Dispatch; ailing: boolean }
  | { kind: 'nothing' }
  | { kind: 'mismatch' }
  | { kind: 'never'; reason: PersonReason; ordinals: number[] };

/**
 * Sends items again that the rail has finally never seen: the same bytes, under the same key, while the key lives (R4, R5). What may never
 * be sent again is ended otherwise (end-doubt.ts).
 */
export const resendItems = async (ctx: Context, resending: Resending, progress: Progress): Promise<void> => {
  const { batchId, chunk } = resending;
  const startedAt = performance.now();
  const intent = await intendResend(ctx, resending);
  if (intent.kind === 'mismatch') return stopForIntegrity(ctx, { batchId, chunk });
  if (intent.kind === 'never') return endDoubt(ctx, { batchId, ...intent });
  if (intent.kind === 'nothing') return;
  await ctx.services.failpoint('after_intent');
  const { outcomes, asked } = await sendDispatch(intent.dispatch, 'resend', startedAt, progress);
  await ctx.services.failpoint('after_send');
  const sentOn = { batchId, connectionId: intent.dispatch.connection.id, payments: outcomes.length };
  await settleEvidence(ctx, { batchId, connectionId: sentOn.connectionId, source: 'answer', outcomes });
  if (asked) await noteAnswer(ctx, sentOn, outcomes, intent.ailing);
};

const intendResend = (ctx: Context, { batchId, chunk, keys, seen }: Resending): Promise<ResendIntent> =>
  ctx.inTenant(async (stores) => {
    // Sent after the locks, and so read under them.
    const [permit, dispatches] = await Promise.all([permitSending(ctx, stores, { batchId, chunk }), stores.dispatches.ofChunks(batchId, [chunk])]);
    if (permit.kind === 'wait' || (permit.kind === 'halted' && permit.halt === 'recovery_mode')) return { kind: 'nothing' };
    // Another process may have sent meanwhile: what the lookup found is then out of date (R2, R5).
    if (dispatches.at(-1)?.attempt !== seen || dispatches.some((dispatch) => dispatch.leaseLeftMs > 0)) return { kind: 'nothing' };
    const never = (reason: PersonReason): ResendIntent => ({ kind: 'never', reason, ordinals: ordinalsOf(keys) });
    if (permit.kind === 'halted') {
      if (permit.halt === 'cancelling') return never('not_sendable');
      // What is stopped may go on one day; what has outlived its key while it was stopped is never sent again.
      return (await keyHasEnded(ctx, stores, batchId, dispatches)) ? never('key_expired') : { kind: 'nothing' };
    }
    if (permit.late) return never('not_sendable');
    const { from, to } = rangeOf(chunk, permit.batch.chunkSize, permit.content.size);
    const items = (await stores.chunks.items(batchId, from, to)).map((item) => Object.assign(item, { state: stateUnder(item, dispatches) }));
    const again = items.filter((item) => isInDoubt(item.state) && !isHeld(item) && keys.has(toItemId(batchId, item.ordinal)));
    if (again.length === 0) return { kind: 'nothing' };
    return prepareAgain(ctx, stores, permit, { chunk, from, to, items, dispatches, again });
  });

const keyHasEnded = async (ctx: Context, stores: Stores, batchId: string, dispatches: readonly TimedDispatch[]): Promise<boolean> => {
  const batch = await stores.batches.get(batchId);
  const opened = batch && (await openSender(ctx, stores, batch, dispatches.at(-1)));
  return opened ? isKeyOver(opened, dispatches) : false;
};

/** Whether no item of these dispatches may be sent again, because the provider may have forgotten their keys. */
export const isKeyOver = ({ rail, connection }: Pick<Opened, 'rail' | 'connection'>, dispatches: readonly TimedDispatch[]): boolean => {
  const capabilities = rail.capabilities(connection);
  const first = dispatches[0];
  return first !== undefined && !keyOutlasts(capabilities, first.ageMs, leaseOf(capabilities));
};

const ordinalsOf = (keys: ReadonlySet<string>): number[] => [...keys].flatMap((key) => fromItemId(key)?.ordinal ?? []);

/** Held after the first send: the item waits until people release the payee. A deleted payee never comes back, so that goes to a person. */
const isHeld = ({ payeeHeld, subjectKey }: ChunkItem): boolean => payeeHeld && subjectKey !== null;

const prepareAgain = async (
  ctx: Context,
  stores: Stores,
  permit: Permitted,
  found: { chunk: number; from: number; to: number; items: ChunkItem[]; dispatches: TimedDispatch[]; again: ChunkItem[] },
): Promise<ResendIntent> => {
  const { batch } = permit;
  const ordinals = found.again.map((item) => item.ordinal);
  const never = (reason: PersonReason): ResendIntent => ({ kind: 'never', reason, ordinals });
  const opened = await openRowAsSigned(ctx, stores, batch, permit.connection);
  if (!opened) return { kind: 'mismatch' };
  // All items of a chunk are pending together, so its first dispatch covers everything that was ever sent of it.
  const first = found.dispatches[0];
  if (!first) throw new Error(`chunk ${found.chunk} of batch ${batch.id} was never sent`);
  const capabilities = opened.rail.capabilities(opened.connection);
  const leaseMs = leaseOf(capabilities);
  if (!sentAsSigned(batch, first)) return never('connection_changed');
  if (isKeyOver(opened, found.dispatches)) return never('key_expired');
  if (opened.disabled) return { kind: 'nothing' };

  const sentItems = found.items.filter((item) => covers(first, item.ordinal));
  const sending = await openDestinations(ctx, stores, sentItems);
  if (sentItems.some((item) => !sending.has(item.ordinal))) return never('payee_deleted');
  if (!(await contentMatches(ctx, stores, permit, { chunk: found.chunk, path: permit.path, items: found.items, sending })))
    return { kind: 'mismatch' };
  const payments = sentItems.flatMap((item) => {
    const destination = sending.get(item.ordinal);
    return destination ? [paymentOf(batch, item, destination)] : [];
  });
  const whole = opened.rail.prepare(payments, first.rendererVersion);
  // After a recovery nobody knows which bytes were sent; the content is what the gates signed, and the key is the same.
  if (first.purpose !== 'recovery' && !sameBytes(whole.hash, first.artefactHash)) return never('rendering_changed');

  // Where the provider knows an artefact as one, a part of it would be a new one: it goes out whole, or not at all (R20).
  const leaving = capabilities.unit === 'item' ? found.again : sentItems;
  if (leaving.some((item) => isInDoubt(item.state) && isHeld(item))) return { kind: 'nothing' };
  const keys = new Set(leaving.map((item) => toItemId(batch.id, item.ordinal)));
  const artefact = opened.rail.prepare(
    payments.filter(({ key }) => keys.has(key)),
    first.rendererVersion,
  );
  if (!(await mayDispatch(stores, permit))) return { kind: 'nothing' };
  await recordDispatch(stores, {
    batchId: batch.id,
    chunk: found.chunk,
    attempt: (found.dispatches.at(-1)?.attempt ?? 0) + 1,
    purpose: 'resend',
    ...coverageOf(
      found.from,
      found.to,
      leaving.map((item) => item.ordinal),
    ),
    connectionId: first.connectionId,
    connectionVersion: first.connectionVersion,
    rendererVersion: artefact.rendererVersion,
    artefactHash: artefact.hash,
    itemCount: artefact.payments.length,
    leaseMs,
    amount: leaving.reduce((sum, item) => sum + item.amount, 0n),
  });
  await stores.chunks.setLookup(batch.id, ordinals, leaseMs);
  return { kind: 'send', ailing: permit.ailing, dispatch: { ...opened, capabilities, artefact, leaseMs } };
};
