import type { AnomalyKind, AnomalyStep, AnomalySubject } from '../../domain/anomalies.js';
import { columns, int, nullable, oneOf, type Row, time, uuid } from './columns.js';

export const ANOMALY_RULE = columns({
  kind: oneOf<AnomalyKind>()('kind'),
  alertAt: int('alert_at'),
  /** Null: no number of refusals suspends. */
  suspendAt: nullable(int('suspend_at')),
  setBy: uuid('set_by'),
  setAt: time('set_at'),
});
type AnomalyRuleRow = Row<typeof ANOMALY_RULE>;

/** What is counted: refusals of a key or a person, and letters of a workspace. */
type Counted = { subject: AnomalySubject; kind: AnomalyKind } | { subject: { type: 'workspace'; id: string }; kind: `${AnomalyStep}_letters` };

/** Counts of one tenant, shared by all processes. Each is one row that is begun again when its window is over, so rows never add up. */
export interface AnomalyStore {
  /** What the workspace set, by kind. */
  rules(): Promise<AnomalyRuleRow[]>;
  rule(kind: AnomalyKind): Promise<AnomalyRuleRow | null>;
  /** Sets the thresholds of a kind, in the place of earlier ones. */
  setRule(rule: Omit<AnomalyRuleRow, 'setAt'>): Promise<void>;
  /**
   * Counts one more in the window that is open, or begins one: when it lasted `seconds`, and when the key was resumed since. The row stays
   * locked, so each caller gets another number. Null, and nothing is written, once `most` were counted.
   */
  count(what: Counted, window: { seconds: number; most: number }): Promise<{ count: number; alerted: boolean } | null>;
  /** Marks the window as alerted. True when nobody was written to about this subject and kind for a day. */
  markAlerted(subject: AnomalySubject, kind: AnomalyKind): Promise<boolean>;
  /** Notes that somebody is written to about it now. */
  markTold(subject: AnomalySubject, kind: AnomalyKind): Promise<void>;
}
