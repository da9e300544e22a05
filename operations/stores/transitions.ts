import type { ItemState } from '../../domain/item/states.js';
import { columns, int, nullable, oneOf, type Row, text, time, uuid } from './columns.js';

export type TransitionSource = 'intent' | 'answer' | 'webhook' | 'lookup' | 'lease' | 'person';

export const TRANSITION = columns({
  ordinal: int('ordinal'),
  /** Version of the item after this step. */
  version: int('version'),
  from: oneOf<ItemState>()('from_state'),
  to: oneOf<ItemState>()('to_state'),
  rank: int('rank'),
  source: oneOf<TransitionSource>()('source'),
  inboundId: nullable(uuid('inbound_id')),
  providerReference: nullable(text('provider_reference')),
  reason: nullable(text('reason')),
  eventId: uuid('event_id'),
  createdAt: time('created_at'),
});
export type TransitionRow = Row<typeof TRANSITION>;

/** Steps that items made, append-only. */
export interface TransitionStore {
  /** Of a batch, by ordinal and version, after the given place. */
  ofBatch(batchId: string, after: { ordinal: number; version: number } | null, limit: number): Promise<TransitionRow[]>;
}
