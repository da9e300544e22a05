import { createSession, type Session } from 'better-sse';
import { isTerminalBatch } from '../../domain/batch/states.js';
import { ok, type Refusal, type Result } from '../../domain/result.js';
import type { Context } from '../../operations/context.js';
import type { StoredEvent } from '../../operations/stores/audit.js';
import type { ApiDeps } from '../deps.js';
import type { Exchange } from '../exchange.js';
import type { InputOf, OutputOf, Streamed } from '../handlers.js';
import { atTimes } from '../recheck.js';
import { toProblem } from '../respond.js';
import { wakeUp } from './wake-up.js';

type Batch = OutputOf<'show_payout_batch'>;

const PAGE = 200;
const HEARTBEAT_MS = 15_000;
/** ms. Looks for new events at least this often, since a lost connection drops notifications. */
const LOOK_AGAIN_MS = 5_000;
/** ms. The progress of a file that is taken in has no events. */
const LOOK_AT_UPLOAD_MS = 1_000;

export type EventDeps = Pick<ApiDeps, 'leaves' | 'draining' | 'clock'>;

export interface BatchEventsOperations {
  show: (ctx: Context, input: InputOf<'show_payout_batch'>) => Promise<Result<Batch>>;
  toWire: (event: StoredEvent) => unknown;
}

/**
 * Server-sent events of one batch (WHATWG HTML §9.2): `audit` for every sequenced audit event in the order of the tenant's
 * log, with its leaf index as id, so that `Last-Event-ID` resumes exactly; `progress` with the batch as it stands, without
 * an id; `end` once the batch is terminal and every event of it was sent. A client that comes back after the end gets 204
 * and stops reconnecting. The credential is checked again before each look; once it has ended, the last event is `problem`, with
 * what the same request would be answered now.
 */
export const batchEvents =
  (deps: EventDeps, operations: BatchEventsOperations): Streamed<'stream_payout_batch_events'> =>
  async (ctx, input, exchange, recheck) => {
    const shown = await operations.show(ctx, input);
    if (!shown.ok) return shown;
    const feed = {
      ctx,
      batchId: input.batch_id,
      after: lastEventId(exchange.req.get('last-event-id')),
      operations,
      recheck: atTimes(recheck, deps.clock),
    };
    if (feed.after !== null && isTerminalBatch(shown.value.state) && (await isRead(feed))) {
      exchange.res.status(204).end();
      return ok(null);
    }
    await serveFeed(deps, feed, exchange);
    return ok(null);
  };

interface Feed {
  ctx: Context;
  batchId: string;
  /** Leaf index of the last event that the client has. */
  after: bigint | null;
  operations: BatchEventsOperations;
  recheck: ReturnType<typeof atTimes>;
}

const serveFeed = async (deps: EventDeps, feed: Feed, { req, res, requestId }: Exchange): Promise<void> => {
  const session = await createSession(req, res, { keepAlive: HEARTBEAT_MS, headers: { 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' } });
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  const alarm = wakeUp(deps.clock, [deps.draining, gone.signal]);
  const unsubscribe = deps.leaves.subscribe(alarm.wake);
  let seen = '';
  try {
    while (!gone.signal.aborted && !deps.draining.aborted) {
      const news = (await feed.recheck.now()) ?? (await sendNew(feed, session, res));
      if ('code' in news) {
        await send(session, res, 'problem', toProblem(news, requestId), null);
        break;
      }
      const { finished, batch } = news;
      const snapshot = JSON.stringify(batch);
      if (snapshot !== seen) await send(session, res, 'progress', batch, null);
      seen = snapshot;
      if (finished) {
        await send(session, res, 'end', { object: 'end', state: batch.state }, null);
        break;
      }
      await alarm.wait(batch.state === 'receiving' ? LOOK_AT_UPLOAD_MS : LOOK_AGAIN_MS);
    }
  } finally {
    unsubscribe();
    alarm.close();
    res.end();
  }
};

/**
 * Sends what was sequenced since, which a slow reader may take long for. `finished` when the batch is terminal and no event of it waits
 * for its leaf. A refusal when the caller may not read any more.
 */
const sendNew = async (feed: Feed, session: Session, res: Exchange['res']): Promise<Refusal | { finished: boolean; batch: Batch }> => {
  const shown = await feed.operations.show(feed.ctx, { batch_id: feed.batchId });
  if (!shown.ok) throw new Error('a batch that was there is gone');
  const finished = isTerminalBatch(shown.value.state) && !(await hasUnsequenced(feed));
  for (let more = true; more && session.isConnected; ) {
    const events = await feed.ctx.inTenant((stores) => stores.audit.ofBatch(feed.batchId, feed.after, PAGE));
    for (const event of events) {
      const refusal = await feed.recheck.ifDue();
      if (refusal) return refusal;
      await send(session, res, 'audit', feed.operations.toWire(event), String(event.index));
      feed.after = event.index;
    }
    more = events.length === PAGE;
  }
  return { finished, batch: shown.value };
};

const isRead = async (feed: Feed): Promise<boolean> => {
  if (await hasUnsequenced(feed)) return false;
  const next = await feed.ctx.inTenant((stores) => stores.audit.ofBatch(feed.batchId, feed.after, 1));
  return next.length === 0;
};

const hasUnsequenced = ({ ctx, batchId }: Feed): Promise<boolean> => ctx.inTenant((stores) => stores.audit.hasUnsequenced(batchId));

/** Writes one event and waits for a slow reader. An event without an id leaves the client's `Last-Event-ID` alone. */
const send = async (session: Session, res: Exchange['res'], name: string, data: unknown, id: string | null): Promise<void> => {
  if (!session.isConnected) return;
  await session.batch((buffer) => {
    buffer.event(name);
    if (id !== null) buffer.id(id);
    buffer.data(data).dispatch();
  });
  if (res.writableNeedDrain) {
    await new Promise<void>((done) => {
      res.once('drain', done);
      res.once('close', done);
    });
  }
};

const lastEventId = (header: string | undefined): bigint | null => (header !== undefined && /^\d{1,18}$/.test(header) ? BigInt(header) : null);
