import { EXCEPTION_KINDS, type ExceptionKind } from '../../domain/exceptions.js';
import type { Json } from '../../domain/hashing.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { RaisedException } from '../stores/exceptions.js';
import { subjectOf } from './refuse.js';

export interface Raising {
  kind: ExceptionKind;
  /** Null or left out where no batch is known. */
  batchId?: string | null;
  /** Whose evidence or delivery it is, where no batch is known. */
  connectionId?: string | null;
  /** Items of the batch that it is about. */
  ordinals?: readonly number[];
  /** Ids, counts and codes, and never personal data. */
  detail?: { [key: string]: Json };
}

/** An alert names the first of many items; `/v1/exceptions` has them all. */
const ORDINALS_SHOWN = 100;

/**
 * Tells people that they have to look at something: joins the open exception of the same kind and batch, or makes one, and adds
 * each item once. Whatever is new about it is an audit event `exception.raise`, which is the alert and stands in the batch's
 * event stream. Locks the exception and then the audit head, so it comes last but for other audit events (R8).
 */
export const raiseException = async (ctx: Context, stores: Stores, raising: Raising): Promise<RaisedException> => {
  const { raised, alert } = await openException(ctx, stores, raising);
  await alert();
  return raised;
};

/**
 * The same in two steps, for a transaction that raises several or has other audit events to write: all exceptions come before all events
 * (R8). `alert` writes the event; it has to be called.
 */
export const openException = async (
  ctx: Context,
  stores: Stores,
  { kind, batchId = null, connectionId = null, ordinals = [], detail = {} }: Raising,
): Promise<{ raised: RaisedException; alert: () => Promise<void> }> => {
  const raised = await stores.exceptions.raise({ kind, batchId, connectionId: batchId === null ? connectionId : null, ordinals, detail });
  const alert = async (): Promise<void> => {
    if (!raised.fresh && raised.added === 0) return;
    await stores.audit.append({
      subject: subjectOf(ctx, { batchId, connectionId }),
      action: 'exception.raise',
      result: 'ok',
      detail: {
        ...detail,
        exception_id: raised.id,
        kind,
        severity: EXCEPTION_KINDS[kind].severity,
        joined: !raised.fresh,
        count: raised.added,
        amount: raised.addedAmount.toString(),
        ordinals: ordinals.slice(0, ORDINALS_SHOWN),
      },
    });
  };
  return { raised, alert };
};

/** Ends the exception of a kind whose cause is over by itself, as when a provider answers again. Does nothing when none is open. */
export const endException = async (stores: Stores, kind: ExceptionKind, batchId: string): Promise<void> => {
  const told = await closeException(stores, kind, batchId);
  await told();
};

/** The same in two steps, as `openException`: it answers what writes the audit event. */
export const closeException = async (stores: Stores, kind: ExceptionKind, batchId: string): Promise<() => Promise<void>> => {
  const ended = await stores.exceptions.end(kind, batchId);
  return async () => {
    if (ended)
      await stores.audit.append({
        subject: { type: 'batch', id: batchId },
        action: 'exception.end',
        result: 'ok',
        detail: { exception_id: ended.id, kind, resolution: 'over' },
      });
  };
};

/**
 * Takes items that are settled out of the exceptions about their doubt. One that has none left ends, as its resolution says. Like
 * `openException` it answers what writes the audit events.
 */
export const endSettled = async (
  stores: Stores,
  { batchId, ordinals, resolution }: { batchId: string; ordinals: readonly number[]; resolution: string },
): Promise<() => Promise<void>> => {
  const ended = await stores.exceptions.settleItems(batchId, ordinals, resolution);
  return async () => {
    for (const { id, kind } of ended)
      await stores.audit.append({
        subject: { type: 'batch', id: batchId },
        action: 'exception.end',
        result: 'ok',
        detail: { exception_id: id, kind, resolution },
      });
  };
};
