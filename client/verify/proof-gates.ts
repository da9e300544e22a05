import type { BatchProof } from '../../domain/audit/proof.js';
import { challengeBytes, GATES } from '../../domain/gate.js';
import { toHex } from '../../domain/hashing.js';
import { sha256 } from './crypto.js';
import type { Findings } from './findings.js';

/**
 * Every gate against its challenge, its content and its people: three gates by three people on the content that was paid,
 * none of the first two by who prepared it, all of them open before anything was sent (I4).
 */
export const checkGates = (bundle: BatchProof, findings: Findings): void => {
  const contents = new Map(bundle.contents.map((content) => [content.content_version, content.digest]));
  const challenges = new Map(bundle.challenges.map((challenge) => [challenge.id, challenge]));
  const events = new Map(bundle.events.map(({ event }) => [event['id'], event]));
  const preparers = new Set(bundle.preparers.map((preparer) => preparer.person_id));
  for (const gate of bundle.gates) {
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
      tenantId: bundle.batch.tenant_id,
      personId: challenge.person_id,
      gate: challenge.gate,
      batchId: bundle.batch.id,
      contentVersion: challenge.content_version,
      digest: Buffer.from(challenge.digest, 'hex'),
      expiresAt: challenge.expires_at,
    });
    const told = (events.get(gate.event_id)?.['detail'] as { challenge_sha256?: string } | undefined)?.challenge_sha256;
    if (told !== undefined && told !== toHex(sha256(bound))) findings.add('changed', `the challenge of ${name} is not the one that was answered`);
  }
  checkRelease(bundle, findings);
};

const checkRelease = (bundle: BatchProof, findings: Findings): void => {
  const firstSent = bundle.attempts.map((attempt) => attempt.created_at).sort()[0];
  if (firstSent === undefined) return;
  const open = bundle.gates.filter((gate) => gate.content_version === bundle.batch.content_version);
  const people = new Set(open.map((gate) => gate.person_id));
  if (GATES.some((name) => !open.some((gate) => gate.gate === name)) || people.size !== GATES.length)
    findings.add('unjoined', 'payments were sent without three gates by three people on the content that was paid');
  const late = open.find((gate) => Date.parse(gate.opened_at) > Date.parse(firstSent));
  if (late) findings.add('unjoined', `payments were sent before gate ${late.gate} was open`);
};
