import type { ProofAttempt, ProofChallenge, ProofHold, ProofTransition } from '../../domain/audit/proof.js';
import { toHex } from '../../domain/hashing.js';
import type { AttemptRow } from '../stores/attempts.js';
import type { ChallengeRow } from '../stores/challenges.js';
import type { HoldRow } from '../stores/holds.js';
import type { TransitionRow } from '../stores/transitions.js';

/** Append-only rows as the bundle tells them. */

export const transitionToProof = (row: TransitionRow): ProofTransition => ({
  ordinal: row.ordinal,
  version: row.version,
  from: row.from,
  to: row.to,
  rank: row.rank,
  source: row.source,
  inbound_id: row.inboundId,
  provider_reference: row.providerReference,
  reason: row.reason,
  event_id: row.eventId,
  created_at: row.createdAt.toISOString(),
});

export const holdToProof = (row: HoldRow): ProofHold => ({
  id: row.id,
  content_version: row.contentVersion,
  account_id: row.accountId,
  amount: row.amount.toString(),
  remaining: row.remaining.toString(),
  resolved_at: row.resolvedAt?.toISOString() ?? null,
});

export const challengeToProof = (row: ChallengeRow): ProofChallenge => ({
  id: row.id,
  person_id: row.personId,
  gate: row.gate,
  content_version: row.contentVersion,
  digest: toHex(row.digest),
  expires_at: row.expiresAt.toISOString(),
  used_at: row.usedAt?.toISOString() ?? null,
  cancelled_at: row.cancelledAt?.toISOString() ?? null,
});

export const attemptToProof = (row: AttemptRow): ProofAttempt => ({
  chunk: row.chunk,
  attempt: row.attempt,
  connection_id: row.connectionId,
  renderer_version: row.rendererVersion,
  request_hash: toHex(row.requestHash),
  item_count: row.itemCount,
  created_at: row.createdAt.toISOString(),
});
