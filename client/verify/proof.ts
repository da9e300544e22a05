import { openNote, parseOrigin, type VerifierKey } from '../../domain/audit/checkpoint.js';
import { type BatchProof, PROOF_VERSION, PROOF_VERSIONS } from '../../domain/audit/proof.js';
import { toHex } from '../../domain/hashing.js';
import { rootFromInclusion } from '../../domain/merkle.js';
import { subjectChains } from './chains.js';
import { readVerifierKey, sha256, verifyEd25519 } from './crypto.js';
import { aboutEvent, checkEvent, type EventBody } from './events.js';
import { type Finding, Findings } from './findings.js';
import { joins } from './joins.js';
import { checkComplete } from './proof-complete.js';
import { checkContent } from './proof-content.js';
import { checkGates } from './proof-gates.js';
import { checkItems } from './proof-items.js';

export interface ProofReport {
  ok: boolean;
  /** Null when the document is no complete proof. */
  batchId: string | null;
  /** The newest content version's digest, hex. */
  digest: string | null;
  /** How many events are proved to be under the checkpoint, and how many are not under it yet. */
  proved: number;
  unsealed: number;
  /** Items whose commitment can't be checked, because the payee was deleted or the document does not reveal it. */
  unopened: number;
  findings: readonly Finding[];
  /** For people; the last line is `evidence ok`, how much is not signed yet, or how many findings there are. */
  lines: string[];
}

/**
 * Verifies the proof of a batch offline (docs/proof.md): digests from the items, gates on the digests, states from the transitions,
 * money from the states, and every event under the signed checkpoint. A document that is no proof, or an incomplete one, is a finding
 * too. Throws only when the key is malformed.
 */
export const verifyProof = (proof: BatchProof, trust: { verifierKey: string }): ProofReport => {
  const key = readVerifierKey(trust.verifierKey);
  if (!PROOF_VERSIONS.includes(proof?.version))
    return unreadable(`a proof has the version ${PROOF_VERSION}, this document ${proof?.version ?? 'has none'}`);
  try {
    return checkProof(proof, key);
  } catch (error) {
    return unreadable(`the proof is not complete: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const unreadable = (message: string): ProofReport => {
  const findings = new Findings();
  findings.add('malformed', message);
  const none = { batchId: null, digest: null, proved: 0, unsealed: 0, unopened: 0 };
  return { ok: false, ...none, findings: findings.all, lines: endingWith(findings, 0) };
};

const checkProof = (proof: BatchProof, key: VerifierKey): ProofReport => {
  const findings = new Findings();
  checkComplete(proof, findings);
  const { unopened } = checkContent(proof, findings);
  checkGates(proof, findings);
  checkItems(proof, findings);
  const proved = checkEvents(proof, key, findings);
  checkSentUnderSignature(proof, proved, findings);
  checkJoins(proof, findings);
  const unsealed = proof.events.length - proved.size;
  return {
    ok: findings.all.length === 0,
    batchId: proof.batch.id,
    digest: proof.contents.at(-1)?.digest ?? null,
    proved: proved.size,
    unsealed,
    unopened,
    findings: findings.all,
    lines: [
      `batch ${proof.batch.id}, ${proof.batch.state}, ${proof.items.length} items, digest ${proof.contents.at(-1)?.digest ?? 'none'}`,
      `${proof.gates.length} gates, ${proof.attempts.length} attempt${proof.attempts.length === 1 ? '' : 's'}, ${proof.transitions.length} transitions, ${proof.transfers.length} transfers`,
      `${proved.size} events under the checkpoint, ${unsealed} not yet${unopenedIn(proof, unopened)}`,
      ...(proof.at_rest ? [] : ['the batch changed while the proof was read; its newest rows may not join yet']),
      ...endingWith(findings, unsealed),
    ],
  };
};

/** A document that reveals nothing proves whom the payments went to by the hashes that the gates signed alone. */
const unopenedIn = ({ revealed }: BatchProof, unopened: number): string => {
  if (unopened === 0) return '';
  return revealed === false ? `; ${unopened} destinations not revealed` : `; ${unopened} destinations expired`;
};

const endingWith = (findings: Findings, unsealed: number): string[] => {
  const unsigned = unsealed > 0 && findings.all.length === 0 ? `, but ${unsealed} of its events ${unsealed === 1 ? 'is' : 'are'} not signed yet` : '';
  return [...findings.lines(), `${findings.verdict('evidence')}${unsigned}`];
};

/** Nothing is sent before its gates are under a published checkpoint (R15). So a proof without audit paths or checkpoint fails here. */
const checkSentUnderSignature = (proof: BatchProof, proved: ReadonlySet<string>, findings: Findings): void => {
  if (proof.attempts.length === 0) return;
  for (const gate of proof.gates)
    if (gate.content_version === proof.batch.content_version && !proved.has(gate.event_id))
      findings.add('unsigned', `payments were sent, but gate ${gate.gate} is under no signed checkpoint`, { eventIds: [gate.event_id] });
};

/** Ids of the events that are proved to be under the checkpoint. */
const checkEvents = (proof: BatchProof, key: VerifierKey, findings: Findings): Set<string> => {
  const signed = proof.checkpoint ? openNote(proof.checkpoint.note, key, verifyEd25519) : null;
  if (proof.checkpoint && !signed) findings.add('unsigned', `the checkpoint is not signed by ${key.name}`);
  if (signed && parseOrigin(signed.origin)?.tenantId !== proof.batch.tenant_id)
    findings.add('unsigned', `the checkpoint is of another log: ${signed.origin}`);
  const root = signed && toHex(signed.root);
  const chains = subjectChains();
  const proved = new Set<string>();
  for (const record of proof.events) {
    const { index, leaf, path } = record;
    const body = checkEvent(record, { tenantId: proof.batch.tenant_id, chains, findings });
    if (body === null || index === null || path === null) continue;
    const hashes = path.map((hash) => Buffer.from(hash, 'hex'));
    const reached = signed ? rootFromInclusion(sha256, Buffer.from(leaf, 'hex'), index, Number(signed.size), hashes) : null;
    if (reached && toHex(reached) === root) proved.add(body.id);
    else findings.add('unsigned', `event ${body.id} of index ${index} is not under the checkpoint`, aboutEvent(record));
  }
  chains.report(findings, 0);
  return proved;
};

const checkJoins = (proof: BatchProof, findings: Findings): void => {
  const books = joins();
  for (const gate of proof.gates) books.gate(gate, findings);
  for (const transfer of proof.transfers) books.transfer(transfer);
  for (const { event } of proof.events) books.event(event as unknown as EventBody, 'complete', findings);
  books.report(findings);
};
