import type { ItemState } from '../../domain/item/states.js';
import { columns, int, nullable, oneOf, type Row, text, time, uuid } from './columns.js';

export type TransitionSource = 'intent' | 'answer' | 'webhook' | 'lookup' | 'lease' | 'person';

/** A step of an item as released versions stored it: a row each. */
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

/** All steps of one event (domain/item/transitions.ts). */
export const TRANSITION_BLOCK = columns({
  eventId: uuid('event_id'),
  count: int('count'),
  body: text('body'),
  createdAt: time('created_at'),
});
export type TransitionBlockRow = Row<typeof TRANSITION_BLOCK>;

/** Steps that items made, append-only. */
export interface TransitionStore {
  /** Single steps of a batch, by ordinal and version, after the given place. */
  ofBatch(batchId: string, after: { ordinal: number; version: number } | null, limit: number): Promise<TransitionRow[]>;
  /** Blocks of a batch, by event, after the given one. */
  blocks(batchId: string, afterEventId: string | null, limit: number): Promise<TransitionBlockRow[]>;
}
