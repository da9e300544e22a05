import type { BatchProof } from '../../domain/audit/proof.js';
import { challengeBytes, GATES } from '../../domain/gate.js';
import { toHex } from '../../domain/hashing.js';
import { sha256 } from './crypto.js';
import type { Findings } from './findings.js';

/**
 * Checks every gate against its challenge, its content and its person: three people opened the three gates on the content that was
 * paid, no preparer opened one of the first two, and all were open before anything was sent (I4).
 */
export const checkGates = (proof: BatchProof, findings: Findings): void => {
  const contents = new Map(proof.contents.map((content) => [content.content_version, content.digest]));
  const challenges = new Map(proof.challenges.map((challenge) => [challenge.id, challenge]));
  const events = new Map(proof.events.map(({ event }) => [event['id'], event]));
  const preparers = new Set(proof.preparers.map((preparer) => preparer.person_id));
  for (const gate of proof.gates) {
    const name = `gate ${gate.gate} on content version ${gate.content_version}`;
    if (contents.get(gate.content_version) !== gate.digest) findings.add('changed', `${name} signed another digest than that content has`);
    if (gate.gate !== 'execute' && preparers.has(gate.person_id)) findings.add('unjoined', `${name} was opened by a preparer of the batch`);
    const challenge = challenges.get(gate.challenge_id);
    const matches =
      challenge?.used_at &&
      challenge.gate === gate.gate &&
      challenge.person_id === gate.person_id &&
      challenge.content_version === gate.content_version &&
      challenge.digest === gate.digest;
    if (!challenge || !matches) {
      findings.add('unjoined', `${name} has no used challenge of its own`);
      continue;
    }
    const bound = challengeBytes({
      challengeId: challenge.id,
      tenantId: proof.batch.tenant_id,
      personId: challenge.person_id,
      gate: challenge.gate,
      batchId: proof.batch.id,
      contentVersion: challenge.content_version,
      digest: Buffer.from(challenge.digest, 'hex'),
      expiresAt: challenge.expires_at,
    });
    const stated = (events.get(gate.event_id)?.['detail'] as { challenge_sha256?: string } | undefined)?.challenge_sha256;
    if (stated !== undefined && stated !== toHex(sha256(bound))) findings.add('changed', `the challenge of ${name} is not the one that was answered`);
  }
  checkSending(proof, findings);
};

const checkSending = (proof: BatchProof, findings: Findings): void => {
  const firstSent = proof.attempts.map((attempt) => attempt.created_at).sort()[0];
  if (firstSent === undefined) return;
  const open = proof.gates.filter((gate) => gate.content_version === proof.batch.content_version);
  const people = new Set(open.map((gate) => gate.person_id));
  if (GATES.some((name) => !open.some((gate) => gate.gate === name)) || people.size !== GATES.length)
    findings.add('unjoined', 'payments were sent without three gates by three people on the content that was paid');
  const late = open.find((gate) => Date.parse(gate.opened_at) > Date.parse(firstSent));
  if (late) findings.add('unjoined', `payments were sent before gate ${late.gate} was open`);
};
