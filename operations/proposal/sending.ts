import { mayFailFrom, type RailTimes } from '../../domain/proposal.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { BatchRow } from '../stores/batches.js';

/** When items of some chunks can have left, and from when their absence may be taken for final. All on the database's clock. */
export interface SendingTimes {
  firstAt: Date | null;
  lastAt: Date | null;
  rail: RailTimes | null;
  /** The latest over the chunks; null when one of them has no record of having been sent. */
  mayFailFrom: Date | null;
}

/** Reads the dispatches of some chunks. After a restore that of the recovery says from when to when lost ones can have left. */
export const sendingOf = async (ctx: Context, stores: Stores, batch: BatchRow, chunks: readonly number[]): Promise<SendingTimes> => {
  const connection = await stores.railConnections.get(batch.connectionId);
  const rail = connection ? (ctx.services.rails.get(batch.rail)?.capabilities(connection) ?? null) : null;
  const sent = await stores.dispatches.ofChunks(batch.id, chunks);
  const timesOf = (chunk: number) => sent.filter((one) => one.chunk === chunk);
  const ends = rail ? chunks.map((chunk) => mayFailFrom(timesOf(chunk), rail)) : [];
  const known = ends.flatMap((end) => (end ? [end.getTime()] : []));
  return {
    firstAt: earliest(sent.map(({ sentFrom }) => sentFrom)),
    lastAt: latest(sent.map(({ leaseUntil }) => leaseUntil)),
    rail,
    mayFailFrom: known.length > 0 && known.length === ends.length ? new Date(Math.max(...known)) : null,
  };
};

const earliest = (times: readonly Date[]): Date | null => times.reduce<Date | null>((least, at) => (least && least <= at ? least : at), null);
const latest = (times: readonly Date[]): Date | null => times.reduce<Date | null>((most, at) => (most && most >= at ? most : at), null);
