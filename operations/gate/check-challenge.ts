import type { Gate } from '../../domain/gate.js';
import { sameBytes } from '../../domain/hashing.js';
import { type Refusal, refuse } from '../../domain/result.js';
import type { ChallengeRow } from '../stores/challenges.js';
import type { GateFacts } from './under-lock.js';

/**
 * Does this challenge stand for this person, gate and content (R11)? Somebody else's is as unknown as one that
 * never was. Returns null when it does.
 */
export const challengeRefusal = (
  challenge: ChallengeRow | null,
  asked: { personId: string; gate: Gate; now: Date },
  { control, content }: GateFacts,
): Refusal | null => {
  if (!challenge || challenge.personId !== asked.personId || challenge.gate !== asked.gate || challenge.batchId !== control.batchId)
    return refuse('challenge_unknown', 'Ask for a challenge for this batch and gate first.').refusal;
  const extra = { state: control.state };
  if (challenge.usedAt) return refuse('challenge_used', 'A challenge opens one gate once; read the batch to see what it did.', { extra }).refusal;
  if (challenge.expiresAt <= asked.now)
    return refuse('challenge_expired', 'Ask for a new challenge and look at what would be paid again.', { extra }).refusal;
  const stale = challenge.cancelledAt || challenge.contentVersion !== control.contentVersion || !sameBytes(challenge.digest, content.digest);
  if (stale) return refuse('challenge_stale', 'The batch was edited after you looked at it; ask for a new challenge.', { extra }).refusal;
  return null;
};
