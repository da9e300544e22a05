import { fromItemId } from '../../domain/ids.js';
import type { Evidence } from '../../domain/item/evidence.js';
import type { Context } from '../context.js';
import { raiseException } from '../exception/raise.js';
import { openConnection } from '../rail-connection/open.js';
import { parkUnknown, settleEvidence } from '../settlement/settle.js';
import type { InboundRow } from '../stores/inbound-events.js';
import { inboundPlace } from './receive.js';

const DELIVERIES_MAX = 16;
/** After this long another process takes over the deliveries of one that died. */
const LEASE_MS = 60_000;
const BACK_OFF_MS = [1_000, 5_000, 30_000, 300_000] as const;

interface Group {
  batchId: string | null;
  connectionId: string;
  outcomes: Evidence[];
  /** The deliveries that the outcomes came in. */
  rows: Set<InboundRow>;
}

/**
 * Reduces deliveries that are due (R7), in one transaction for each batch, however many deliveries name it. A delivery that
 * cannot be read or reduced is tried again later, raises an exception at the fourth failure, and holds up no other. Returns how
 * many deliveries were claimed.
 */
export const drainInbound = async (ctx: Context): Promise<number> => {
  const rows = await ctx.inTenant((stores) => stores.inboundEvents.claimDue(DELIVERIES_MAX, LEASE_MS));
  if (rows.length === 0) return 0;
  const read = await Promise.all(rows.map((row) => readDelivery(ctx, row)));
  const problems = new Map(read.flatMap((one) => ('problem' in one ? [[one.row, one.problem] as const] : [])));
  for (const group of groupsOf(read.filter((one) => 'outcomes' in one)))
    await reduceGroup(ctx, group).catch((error: unknown) => {
      for (const row of group.rows) problems.set(row, nameOf(error));
    });
  for (const [row, problem] of problems) await postpone(ctx, row, problem);
  const reduced = rows.filter((row) => !problems.has(row));
  await ctx.inTenant(async (stores) => {
    await stores.inboundEvents.markReduced(reduced.map(({ id }) => id));
    for (const [connectionId, receivedAt] of newestOf(reduced)) await stores.connectionHealth.toldBy(connectionId, receivedAt);
  });
  return rows.length;
};

/** When the newest delivery of each connection was received. */
const newestOf = (rows: readonly InboundRow[]): Map<string, Date> => {
  const newest = new Map<string, Date>();
  for (const { connectionId, receivedAt } of rows) if (receivedAt > (newest.get(connectionId) ?? new Date(0))) newest.set(connectionId, receivedAt);
  return newest;
};

type Read = { row: InboundRow; outcomes: Evidence[] } | { row: InboundRow; problem: string };

const readDelivery = (ctx: Context, row: InboundRow): Promise<Read> =>
  ctx.inTenant(async (stores) => {
    try {
      const opened = await openConnection(ctx, stores, row.connectionId);
      if (!opened) return { row, problem: 'its rail connection or rail does not exist' };
      const raw = await ctx.services.vault.open(stores.keys, inboundPlace(ctx.tenantId, row.id), row.sealedBody);
      return { row, outcomes: opened.rail.parseEvidence(raw).map((outcome) => ({ ...outcome, inboundId: row.id })) };
    } catch (error) {
      return { row, problem: nameOf(error) };
    }
  });

/** Only the name of an error is stored, because its message may repeat what was delivered. */
const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'it could not be read');

const postpone = (ctx: Context, row: InboundRow, problem: string): Promise<void> =>
  ctx.inTenant(async (stores) => {
    await stores.inboundEvents.markFailed(row.id, problem, BACK_OFF_MS[Math.min(row.attempts, BACK_OFF_MS.length) - 1] ?? BACK_OFF_MS[0]);
    if (row.attempts === BACK_OFF_MS.length)
      await raiseException(ctx, stores, {
        kind: 'inbound_unreadable',
        connectionId: row.connectionId,
        detail: { inbound_id: row.id, connection_id: row.connectionId, problem },
      });
  });

const groupsOf = (read: readonly { row: InboundRow; outcomes: Evidence[] }[]): Group[] => {
  const groups = new Map<string, Group>();
  for (const { row, outcomes } of read)
    for (const outcome of outcomes) {
      const batchId = fromItemId(outcome.key)?.batchId ?? null;
      const name = `${batchId} ${row.connectionId}`;
      const group = groups.get(name) ?? { batchId, connectionId: row.connectionId, outcomes: [], rows: new Set() };
      group.outcomes.push(outcome);
      group.rows.add(row);
      groups.set(name, group);
    }
  return [...groups.values()];
};

const reduceGroup = async (ctx: Context, { batchId, connectionId, outcomes }: Group): Promise<void> => {
  if (batchId) await settleEvidence(ctx, { batchId, connectionId, source: 'webhook', outcomes });
  else await ctx.inTenant((stores) => parkUnknown(ctx, stores, connectionId, outcomes));
};
