import { canonicalBytes } from '../canonical-json.js';
import { toHex } from '../hashing.js';
import type { Gate } from './rules.js';

/** What a second factor is bound to (R11): one person, one gate, one content, once. */
export interface ChallengeBinding {
  challengeId: string;
  tenantId: string;
  personId: string;
  gate: Gate;
  batchId: string;
  contentVersion: number;
  digest: Uint8Array;
  /** RFC 3339. */
  expiresAt: string;
}

/** The canonical form of a challenge; its SHA-256 is what a WebAuthn authenticator would sign. */
export const challengeBytes = (binding: ChallengeBinding): Uint8Array =>
  canonicalBytes({
    domain: 'sluice-challenge-v1',
    challenge_id: binding.challengeId,
    tenant_id: binding.tenantId,
    person_id: binding.personId,
    gate: binding.gate,
    batch_id: binding.batchId,
    content_version: binding.contentVersion,
    digest: toHex(binding.digest),
    expires_at: binding.expiresAt,
  });
