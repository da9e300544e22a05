import { bytes, columns, int, nullable, type Row, text, time, uuid } from './columns.js';
import type { Page, PageQuery } from './page.js';

/** A provider's delivery as it came (R7). */
export const INBOUND_EVENT = columns({
  id: uuid('id'),
  connectionId: uuid('connection_id'),
  providerEventId: text('provider_event_id'),
  sealedBody: bytes('sealed_body'),
  receivedAt: time('received_at'),
  /** How often it was claimed so far. */
  attempts: int('attempts'),
});
export type InboundRow = Row<typeof INBOUND_EVENT>;

/** A delivery that could not be read so far. */
export const UNREADABLE = columns({
  id: uuid('id'),
  connectionId: uuid('connection_id'),
  providerEventId: text('provider_event_id'),
  receivedAt: time('received_at'),
  attempts: int('attempts'),
  problem: nullable(text('problem')),
  nextAt: time('next_at'),
});
export type UnreadableRow = Row<typeof UNREADABLE>;

export interface InboundEventStore {
  /** False when this provider event was stored before. */
  insert(row: Omit<InboundRow, 'receivedAt' | 'attempts'>): Promise<boolean>;
  /** Due deliveries, oldest first, leased: nobody else gets them for `leaseMs`. */
  claimDue(limit: number, leaseMs: number): Promise<InboundRow[]>;
  markReduced(ids: readonly string[]): Promise<void>;
  /** Records why a delivery could not be reduced; it is due again after `nextMs`. */
  markFailed(id: string, problem: string, nextMs: number): Promise<void>;
  /** Deliveries with a problem that are tried again, newest first. */
  unreadable(page: PageQuery & { connectionId?: string | undefined }): Promise<Page<UnreadableRow>>;
  /** Stops trying to read one of them; null when there is none with this id. */
  discard(id: string): Promise<UnreadableRow | null>;
  /** Makes deliveries due again; returns how many. */
  replay(filter: { connectionId: string; since?: Date | undefined; id?: string | undefined }): Promise<number>;
}
