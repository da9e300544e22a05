import type { Gate } from '../gate.js';
import type { Json } from '../hashing.js';
import type { ItemState } from '../item/states.js';
import type { ExportGate, ExportTransfer } from './export.js';

/**
 * Everything that proves one batch, as one JSON document (docs/proof.md). Ids are UUIDs as they are hashed, amounts are decimal
 * strings of minor units, hashes are hex. The format is versioned; verifiers accept every released version.
 */
export const PROOF_VERSION = 'sluice-evidence-v2';

/** In version 1 every item that was sent has a transition of its own to `submitting`, and the transitions of an event stand under a root. */
export const PROOF_VERSIONS = ['sluice-evidence-v1', PROOF_VERSION] as const;

export type BatchProof = {
  object: 'evidence';
  version: (typeof PROOF_VERSIONS)[number];
  exported_at: string;
  /** False when the batch changed while the proof was read; then its newest rows may not match each other. */
  at_rest: boolean;
  batch: ProofBatch;
  /** False: names and account numbers were left out, and with them the salts; nothing else needs them. Missing in documents of before: they are there. */
  revealed?: boolean;
  contents: ProofContent[];
  items: ProofItem[];
  events: ProofEvent[];
  transitions: ProofTransition[];
  transfers: ExportTransfer[];
  holds: ProofHold[];
  preparers: { person_id: string; deed: string; created_at: string }[];
  challenges: ProofChallenge[];
  gates: ExportGate[];
  attempts: ProofAttempt[];
  /** The newest published checkpoint. The paths of all events lead to it. */
  checkpoint: { note: string; origin: string; verifier_key: string } | null;
};

/** What never changes about the batch (the digest's header except the members of a content version), and its present state. */
export type ProofBatch = {
  id: string;
  tenant_id: string;
  mode: 'live' | 'test';
  external_id: string | null;
  description: string;
  rail: string;
  connection_id: string;
  /** The version of the connection's settings and the settings themselves; missing or null where the digest does not bind them. */
  connection_version?: number | null;
  connection_settings?: { [name: string]: string | number } | null;
  funding_account_id: string;
  currency: string;
  chunk_size: number;
  fee_bearer: 'sender';
  fee_maximum: string;
  execute_not_before: string | null;
  execute_by: string | null;
  source: { type: 'json' | 'csv'; sha256: string | null };
  created_at: string;
  state: string;
  outcome: string | null;
  content_version: number;
};

export type ProofContent = { content_version: number; size: number; count: number; total: string; root: string; digest: string };

export type ProofItem = {
  ordinal: number;
  item_id: string;
  reference: string;
  amount: string;
  payee_id: string;
  destination_id: string;
  remittance: string;
  commitment: string;
  /** Opens the commitment; null once the payee was deleted, and where the document does not reveal it. */
  salt: string | null;
  /** Name and destination exactly as sent to the rail. */
  sent_to: { [key: string]: string } | null;
  leaf: string;
  state: ItemState;
  version: number;
  attempt: number;
  provider_reference: string | null;
  reason: string | null;
};

export type ProofEvent = {
  index: number | null;
  leaf: string;
  event: { [key: string]: Json };
  /** Audit path to the checkpoint's root; null for an event that the checkpoint does not cover yet. */
  path: string[] | null;
};

export type ProofTransition = {
  ordinal: number;
  version: number;
  from: ItemState;
  to: ItemState;
  rank: number;
  source: string;
  inbound_id: string | null;
  provider_reference: string | null;
  reason: string | null;
  event_id: string;
  created_at: string;
};

export type ProofHold = { id: string; content_version: number; account_id: string; amount: string; remaining: string; resolved_at: string | null };

export type ProofChallenge = {
  id: string;
  person_id: string;
  gate: Gate;
  content_version: number;
  digest: string;
  expires_at: string;
  used_at: string | null;
  cancelled_at: string | null;
};

/** A dispatch. Members from `purpose` on are missing in version 1. */
export type ProofAttempt = {
  chunk: number;
  attempt: number;
  connection_id: string;
  renderer_version: number;
  request_hash: string;
  item_count: number;
  created_at: string;
  purpose?: 'first' | 'resend' | 'recovery';
  first_ordinal?: number;
  end_ordinal?: number;
  /** Hex; a bit for each ordinal of the range that is not covered. */
  set_aside?: string | null;
  connection_version?: number;
  event_id?: string | null;
  sent_from?: string;
  lease_until?: string;
};
