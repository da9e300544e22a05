import { rangeOf } from '../../domain/batch/content.js';
import { fromItemId, toItemId } from '../../domain/ids.js';
import { covers, stateUnder } from '../../domain/item/coverage.js';
import { type PaymentOutcome, unknownOutcome } from '../../domain/item/evidence.js';
import { isOpenAtRail, isTerminalItem } from '../../domain/item/states.js';
import type { Context } from '../context.js';
import type { OpenConnection, PaymentLookup, Rail } from '../rail.js';
import { openSender } from '../rail-connection/open.js';
import { settleEvidence } from '../settlement/settle.js';
import type { TimedDispatch } from '../stores/dispatches.js';
import type { ItemRow } from '../stores/items.js';
import { askPeople, tellOverdue } from './end-doubt.js';
import { isKeyOver, resendItems } from './resend.js';
import type { Progress } from './send.js';
import { stopForIntegrity } from './verify-content.js';

export interface Resolving {
  batchId: string;
  chunk: number;
  /** Which items to look up: some ordinals, or all that a dispatch left without an answer. */
  ordinals: readonly number[] | 'submitting';
}

interface Asked {
  rail: Rail;
  connection: OpenConnection;
  items: ItemRow[];
  dispatches: TimedDispatch[];
}

/**
 * Finds out what became of items that were sent, or may have been (R5): looks them up at the rail by key, and settles what is
 * found. Absence counts only once every lease has ended; then the same bytes may be sent again under the same key (resend.ts).
 * What nobody knows stays `unknown` and is looked up again later. Answers `unavailable` when the provider said nothing about any of them.
 */
export const resolveItems = async (ctx: Context, resolving: Resolving, progress: Progress): Promise<'answered' | 'unavailable'> => {
  if (ctx.services.recovery.reason() !== null) return 'answered';
  const asked = await readAsked(ctx, resolving);
  // Elsewhere nobody knows these payments, and every absence would be false.
  if (!asked) {
    await stopForIntegrity(ctx, resolving);
    return 'answered';
  }
  if (asked.items.length === 0) return 'answered';
  const lookups = await lookUp(asked, resolving.batchId, progress);
  const leaseLeftMs = Math.max(0, ...asked.dispatches.map((dispatch) => dispatch.leaseLeftMs));

  const found = lookups.flatMap(({ answer }) => (answer.kind === 'found' ? [answer.outcome] : []));
  const silent = lookups.filter(({ answer }) => answer.kind !== 'found');
  const submitting = new Set(asked.items.flatMap((item) => (item.state === 'submitting' ? [toItemId(resolving.batchId, item.ordinal)] : [])));
  const lost = leaseLeftMs === 0 ? silent.filter(({ key }) => submitting.has(key)) : [];
  const heard = lookups.some(({ answer }) => answer.kind !== 'unavailable');
  if (heard) await ctx.inTenant((stores) => stores.connectionHealth.heard(asked.connection.id));
  await settle(ctx, resolving, asked, 'lookup', found);
  await settle(
    ctx,
    resolving,
    asked,
    'lease',
    lost.map(({ key }) => unknownOutcome(key, 'attempt_died')),
  );
  await lookUpAgain(ctx, resolving, asked, leaseLeftMs);
  const absent = leaseLeftMs === 0 ? silent.filter(({ answer }) => answer.kind === 'absent_final').map(({ key }) => key) : [];
  // Who never answers leaves the doubt to people once the keys have ended. Before that it may still be sent again.
  const unheard = silent.flatMap(({ key, answer }) => (answer.kind === 'absent_final' ? [] : (fromItemId(key)?.ordinal ?? [])));
  if (unheard.length > 0 && leaseLeftMs === 0 && isKeyOver(asked, asked.dispatches))
    await askPeople(ctx, { batchId: resolving.batchId, reason: 'key_expired', ordinals: unheard });
  const overdue = overdueOf(asked, new Set(lookups.flatMap(({ key, answer }) => (endsIt(answer) ? [key] : []))), resolving.batchId);
  if (overdue.length > 0) await tellOverdue(ctx, { batchId: resolving.batchId, ordinals: overdue });
  const seen = asked.dispatches.at(-1)?.attempt ?? 0;
  if (absent.length > 0) await resendItems(ctx, { ...resolving, keys: new Set(absent), seen }, progress);
  return heard ? 'answered' : 'unavailable';
};

const readAsked = (ctx: Context, { batchId, chunk, ordinals }: Resolving): Promise<Asked | null> =>
  ctx.inTenant(async (stores) => {
    const batch = await stores.batches.get(batchId);
    const control = await stores.batches.control(batchId);
    const content = control ? await stores.batches.content(batchId, control.contentVersion) : null;
    if (!batch || !content) throw new Error(`chunk ${chunk} cannot be looked up, because batch ${batchId} does not exist`);
    const { from, to } = rangeOf(chunk, batch.chunkSize, content.size);
    const wanted = ordinals === 'submitting' ? null : new Set(ordinals);
    const items = (await stores.items.range(batchId, from, to)).filter((item) =>
      wanted ? isOpenAtRail(item.state) && wanted.has(item.ordinal) : item.state === 'submitting',
    );
    // Read last: what they say of leases then holds for everything that was read before.
    const dispatches = await stores.dispatches.ofChunks(batchId, [chunk]);
    const opened = await openSender(ctx, stores, batch, dispatches.at(-1));
    return opened && { ...opened, items, dispatches };
  });

const endsIt = (answer: PaymentLookup['answer']): boolean => answer.kind === 'found' && isTerminalItem(answer.outcome.outcome);

/** Items that the provider took in longer ago than its rail says that it takes to end them, and that this look-up did not end. */
const overdueOf = ({ rail, connection, items, dispatches }: Asked, ended: ReadonlySet<string>, batchId: string): number[] => {
  const { overdueMs } = rail.capabilities(connection);
  return items.flatMap(({ ordinal, state }) => {
    if (state !== 'submitted' || ended.has(toItemId(batchId, ordinal))) return [];
    const own = dispatches.filter((dispatch) => covers(dispatch, ordinal));
    return own.every(({ leaseLeftMs }) => -leaseLeftMs > overdueMs) ? [ordinal] : [];
  });
};

const lookUp = async ({ rail, connection, items, dispatches }: Asked, batchId: string, progress: Progress): Promise<PaymentLookup[]> => {
  const silentMs = new Map(
    items.flatMap(({ ordinal }) => {
      const own = dispatches.filter((dispatch) => covers(dispatch, ordinal));
      return own.length === 0 ? [] : [[toItemId(batchId, ordinal), -Math.max(...own.map((dispatch) => dispatch.leaseLeftMs))] as const];
    }),
  );
  const keys = items.map(({ ordinal }) => toItemId(batchId, ordinal));
  const lookups = await rail.lookup(connection, keys, silentMs);
  progress(lookups.length);
  return lookups;
};

const settle = async (
  ctx: Context,
  { batchId }: Resolving,
  { connection }: Asked,
  source: 'lookup' | 'lease',
  outcomes: PaymentOutcome[],
): Promise<void> => {
  if (outcomes.length > 0) await settleEvidence(ctx, { batchId, connectionId: connection.id, source, outcomes });
};

const AGAIN_MIN_MS = 1_000;
const AGAIN_MAX_MS = 10 * 60_000;

/**
 * The longer an item has been silent, the more rarely it is looked up, and never before its lease ends. That holds for every item
 * that is still open, whatever was answered: mismatched evidence settles nothing, so its item would be due again at once, for ever.
 */
const lookUpAgain = (ctx: Context, { batchId, chunk }: Resolving, { items, dispatches }: Asked, leaseLeftMs: number): Promise<void> =>
  ctx.inTenant(async (stores) => {
    const ageMs = dispatches.at(-1)?.ageMs ?? 0;
    const afterMs = Math.max(leaseLeftMs, Math.min(AGAIN_MAX_MS, Math.max(AGAIN_MIN_MS, ageMs / 4)));
    // Read again under the lock, because a webhook may have settled some meanwhile: those are not looked up.
    await stores.chunks.lockToSettle(batchId, [chunk]);
    const asked = await stores.chunks.evidenceItems(
      batchId,
      items.map((item) => item.ordinal),
    );
    const open = asked.filter((item) => isOpenAtRail(stateUnder(item, dispatches))).map((item) => item.ordinal);
    if (open.length > 0) await stores.chunks.setLookup(batchId, open, afterMs);
  });
