import type { Gate } from '../gate.js';
import type { Json } from '../hashing.js';
import type { TransferKind } from '../ledger/postings.js';

/** Records of an audit export, one JSON line each, in this order. The format is versioned; verifiers accept every released one. */
export const EXPORT_VERSION = 'sluice-audit-export-v1';

export type ExportRecord = ExportHeader | ExportCheckpoint | ExportTransfer | ExportGate | ExportEvent | ExportEnd;

export interface ExportHeader {
  type: 'header';
  version: typeof EXPORT_VERSION;
  tenant_id: string;
  /** Origin line of the tenant's checkpoints. */
  origin: string;
  /** Size of the newest published checkpoint when the export began; 0 when there was none. */
  size: number;
  exported_at: string;
  /** For convenience; a verifier has to know the key from another source. */
  verifier_key: string;
}

/** Every published checkpoint, by size. */
export interface ExportCheckpoint {
  type: 'checkpoint';
  note: string;
}

export interface ExportTransfer {
  type: 'transfer';
  id: string;
  debit_account_id: string;
  credit_account_id: string;
  /** Minor units, decimal. */
  amount: string;
  currency: string;
  kind: TransferKind;
  batch_id: string | null;
  ordinal: number | null;
  item_version: number | null;
  event_id: string;
}

export interface ExportGate {
  type: 'gate';
  id: string;
  batch_id: string;
  gate: Gate;
  content_version: number;
  /** Hex. */
  digest: string;
  person_id: string;
  challenge_id: string;
  factor_id: string;
  /** Of the code that opened it; null of one that a passkey opened. */
  time_step: number | null;
  /** Of one that a passkey opened: what it signed, for whoever has its public key (docs/audit.md). Hex. */
  assertion?: { authenticator_data: string; client_data: string; signature: string };
  event_id: string;
  opened_at: string;
}

/** Events with a place in the audit tree by index, then the events that wait for one. */
export interface ExportEvent {
  type: 'event';
  /** Null while the event has no place in the tree. */
  index: number | null;
  /** The tree's leaf, hex. */
  leaf: string;
  /** The canonical body; null when it was removed, which nothing does today. */
  event: { [key: string]: Json } | null;
}

export interface ExportEnd {
  type: 'end';
  /** Records before this one. */
  records: number;
}
