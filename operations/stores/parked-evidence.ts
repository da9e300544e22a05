import type { EvidenceOutcome } from '../../domain/item/evidence.js';
import { bigint, columns, int, nullable, oneOf, type Row, text, time, uuid } from './columns.js';
import type { Page, PageQuery } from './page.js';

/** Evidence that matched no item yet (R6). */
export const PARKED_EVIDENCE = columns({
  id: uuid('id'),
  connectionId: uuid('connection_id'),
  paymentKey: text('payment_key'),
  outcome: oneOf<EvidenceOutcome>()('outcome'),
  rank: int('rank'),
  /** Minor units. */
  amount: nullable(bigint('amount')),
  currency: nullable(text('currency')),
  providerReference: nullable(text('provider_reference')),
  reason: text('reason'),
  inboundId: nullable(uuid('inbound_id')),
});
export type ParkedRow = Row<typeof PARKED_EVIDENCE>;

/** Parked evidence that waits, with when it came. */
export const WAITING_EVIDENCE = columns({ ...PARKED_EVIDENCE, createdAt: time('created_at') });
export type WaitingEvidence = Row<typeof WAITING_EVIDENCE>;

export interface ParkedEvidenceStore {
  /** Stores what is not parked already and returns the ids of what is new. */
  park(rows: readonly ParkedRow[]): Promise<ReadonlySet<string>>;
  /** Unresolved evidence that by now names an item of its rail connection that was sent, locked FOR UPDATE; rows that others hold are skipped. */
  due(limit: number): Promise<ParkedRow[]>;
  /** Whether any evidence of the workspace waits at all. */
  anyWaits(): Promise<boolean>;
  resolve(ids: readonly string[]): Promise<void>;
  /** What waits, newest first. */
  waiting(page: PageQuery & { connectionId?: string | undefined }): Promise<Page<WaitingEvidence>>;
  /** Stops waiting with one; null when none with this id waits. */
  discard(id: string): Promise<WaitingEvidence | null>;
}
