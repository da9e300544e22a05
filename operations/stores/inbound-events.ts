import { bytes, columns, int, type Row, text, uuid } from './columns.js';

/** A provider's delivery as it came (R7). */
export const INBOUND_EVENT = columns({
  id: uuid('id'),
  connectionId: uuid('connection_id'),
  providerEventId: text('provider_event_id'),
  sealedBody: bytes('sealed_body'),
  /** How often it was claimed so far. */
  attempts: int('attempts'),
});
export type InboundRow = Row<typeof INBOUND_EVENT>;

export interface InboundEventStore {
  /** False when this provider event was stored before. */
  insert(row: Omit<InboundRow, 'attempts'>): Promise<boolean>;
  /** Due deliveries, oldest first, leased: nobody else gets them for `leaseMs`. */
  claimDue(limit: number, leaseMs: number): Promise<InboundRow[]>;
  markReduced(ids: readonly string[]): Promise<void>;
  /** Records why a delivery could not be reduced; it is due again after `nextMs`. */
  markFailed(id: string, problem: string, nextMs: number): Promise<void>;
  /** Makes deliveries due again; returns how many. */
  replay(filter: { connectionId: string; since?: Date | undefined; id?: string | undefined }): Promise<number>;
}
