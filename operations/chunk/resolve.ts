import { rangeOf } from '../../domain/batch/content.js';
import { toItemId } from '../../domain/ids.js';
import { type PaymentOutcome, unknownOutcome } from '../../domain/item/evidence.js';
import type { Context } from '../context.js';
import type { OpenConnection, PaymentLookup, Rail } from '../rail.js';
import { openConnection } from '../rail-connection/open.js';
import { settleEvidence } from '../settlement/settle.js';
import type { TimedAttempt } from '../stores/attempts.js';
import type { ItemRow } from '../stores/items.js';
import { resendItems } from './resend.js';
import type { Progress } from './send.js';

export interface Resolving {
  batchId: string;
  chunk: number;
  /** Which items to look up: some ordinals, or all that an attempt left without an answer. */
  ordinals: readonly number[] | 'submitting';
}

interface Asked {
  rail: Rail;
  connection: OpenConnection;
  items: ItemRow[];
  attempts: TimedAttempt[];
}

/**
 * Finds out what became of items that were sent, or may have been (R5): looks them up at the rail by key, and settles what is
 * found. Absence counts only once every lease has ended; then the same bytes may be sent again under the same key (resend.ts).
 * What nobody knows stays `unknown` and is looked up again later.
 */
export const resolveItems = async (ctx: Context, resolving: Resolving, progress: Progress): Promise<void> => {
  if (ctx.services.recovery.reason() !== null) return;
  const asked = await readAsked(ctx, resolving);
  if (asked.items.length === 0) return;
  const lookups = await lookUp(asked, resolving.batchId, progress);
  const leaseLeftMs = Math.max(0, ...asked.attempts.map((attempt) => attempt.leaseLeftMs));

  const found = lookups.flatMap(({ answer }) => (answer.kind === 'found' ? [answer.outcome] : []));
  const silent = lookups.filter(({ answer }) => answer.kind !== 'found');
  const lost = leaseLeftMs === 0 ? silent.filter(({ key }) => stateOf(asked, resolving.batchId, key) === 'submitting') : [];
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
  if (absent.length > 0) await resendItems(ctx, { ...resolving, keys: new Set(absent) }, progress);
};

const readAsked = (ctx: Context, { batchId, chunk, ordinals }: Resolving): Promise<Asked> =>
  ctx.inTenant(async (stores) => {
    const batch = await stores.batches.get(batchId);
    const control = await stores.batches.lockShared(batchId);
    const content = control ? await stores.batches.content(batchId, control.contentVersion) : null;
    const opened = batch ? await openConnection(ctx, stores, batch.connectionId) : null;
    if (!batch || !content || !opened)
      throw new Error(`chunk ${chunk} of batch ${batchId} cannot be looked up: its batch, rail or rail connection does not exist`);
    const { from, to } = rangeOf(chunk, batch.chunkSize, content.size);
    const wanted = ordinals === 'submitting' ? null : new Set(ordinals);
    const items = (await stores.items.range(batchId, from, to)).filter((item) =>
      wanted ? isOpenAtRail(item) && wanted.has(item.ordinal) : item.state === 'submitting',
    );
    const attempts = await stores.attempts.ofChunk(batchId, chunk);
    return { ...opened, items, attempts };
  });

const isOpenAtRail = ({ state }: Pick<ItemRow, 'state'>): boolean => state === 'submitting' || state === 'unknown' || state === 'submitted';

const stateOf = ({ items }: Asked, batchId: string, key: string) => items.find((item) => toItemId(batchId, item.ordinal) === key)?.state;

const lookUp = async ({ rail, connection, items, attempts }: Asked, batchId: string, progress: Progress): Promise<PaymentLookup[]> => {
  const times = new Map(attempts.map((attempt) => [attempt.attempt, attempt.createdAt]));
  const sentAt = new Map(items.map((item) => [toItemId(batchId, item.ordinal), times.get(item.attempt) ?? new Date(0)]));
  const lookups = await rail.lookup(connection, [...sentAt.keys()], sentAt);
  progress(lookups.length);
  return lookups;
};

const settle = async (ctx: Context, { batchId }: Resolving, { connection }: Asked, source: 'lookup' | 'lease', outcomes: PaymentOutcome[]) => {
  if (outcomes.length > 0) await settleEvidence(ctx, { batchId, connectionId: connection.id, source, outcomes });
};

const AGAIN_MIN_MS = 1_000;
const AGAIN_MAX_MS = 10 * 60_000;

/**
 * The longer an item has been silent, the more rarely it is looked up, and never before its lease ends. That holds for every item
 * that is still open, whatever was answered: mismatched evidence settles nothing, so its item would be due again at once, for ever.
 */
const lookUpAgain = (ctx: Context, { batchId }: Resolving, { items, attempts }: Asked, leaseLeftMs: number): Promise<void> =>
  ctx.inTenant(async (stores) => {
    const ageMs = attempts.at(-1)?.ageMs ?? 0;
    const afterMs = Math.max(leaseLeftMs, Math.min(AGAIN_MAX_MS, Math.max(AGAIN_MIN_MS, ageMs / 4)));
    const asked = items.map((item) => item.ordinal);
    // Read again under a lock, because a webhook may have settled some meanwhile: those are not looked up.
    const open = (await stores.chunks.lockOrdinals(batchId, asked)).filter(isOpenAtRail).map((item) => item.ordinal);
    if (open.length > 0) await stores.chunks.setLookup(batchId, open, afterMs);
  });
