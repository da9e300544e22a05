import { openNote, parseVerifierKey, type VerifierKey } from '../../domain/audit/checkpoint.js';
import { AUDIT_VERSION, bodyLeaf } from '../../domain/audit/event.js';
import { type BatchProof, PROOF_VERSION } from '../../domain/audit/proof.js';
import { toHex } from '../../domain/hashing.js';
import { rootFromInclusion } from '../../domain/merkle.js';
import { subjectChains } from './chains.js';
import { sha256, verifyEd25519 } from './crypto.js';
import { type Finding, Findings } from './findings.js';
import { type Deed, joins } from './joins.js';
import { checkContent } from './proof-content.js';
import { checkGates } from './proof-gates.js';
import { checkItems } from './proof-items.js';
import { checkWhole } from './proof-whole.js';

export interface ProofReport {
  ok: boolean;
  /** Null when the document is no whole bundle. */
  batchId: string | null;
  /** The newest content version's digest, hex. */
  digest: string | null;
  /** Events proved to be under the checkpoint, and those that are not under it yet. */
  proved: number;
  unsealed: number;
  /** Items whose destination can't be opened any more, because its payee was deleted. */
  unopened: number;
  findings: readonly Finding[];
  /** For people; the last line is `evidence ok`, what is not signed yet, or how many findings there are. */
  lines: string[];
}

/**
 * Checks an evidence bundle offline (docs/proof.md): digests out of the items, gates on the digests, states out of
 * transitions, money out of states, and every event under the signed checkpoint. A document that is no bundle, or not a whole one, is
 * a finding like any other. Throws only when the key is malformed.
 */
export const verifyProof = (bundle: BatchProof, trust: { verifierKey: string }): ProofReport => {
  const key = parseVerifierKey(sha256, trust.verifierKey);
  if (!key) throw new Error('this is no Ed25519 verifier key of the form name+hash+key');
  if (bundle?.version !== PROOF_VERSION)
    return unreadable(`a bundle has the version ${PROOF_VERSION}, this document ${bundle?.version ?? 'has none'}`);
  try {
    return checkBundle(bundle, key);
  } catch (error) {
    return unreadable(`the bundle is not whole: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const unreadable = (message: string): ProofReport => {
  const findings = new Findings();
  findings.add('malformed', message);
  const none = { batchId: null, digest: null, proved: 0, unsealed: 0, unopened: 0 };
  return { ok: false, ...none, findings: findings.all, lines: endingWith(findings, 0) };
};

const checkBundle = (bundle: BatchProof, key: VerifierKey): ProofReport => {
  const findings = new Findings();
  checkWhole(bundle, findings);
  const { unopened } = checkContent(bundle, findings);
  checkGates(bundle, findings);
  checkItems(bundle, findings);
  const proved = checkEvents(bundle, key, findings);
  checkRelease(bundle, proved, findings);
  checkJoins(bundle, findings);
  const unsealed = bundle.events.length - proved.size;
  return {
    ok: findings.all.length === 0,
    batchId: bundle.batch.id,
    digest: bundle.contents.at(-1)?.digest ?? null,
    proved: proved.size,
    unsealed,
    unopened,
    findings: findings.all,
    lines: [
      `batch ${bundle.batch.id}, ${bundle.batch.state}, ${bundle.items.length} items, digest ${bundle.contents.at(-1)?.digest ?? 'none'}`,
      `${bundle.gates.length} gates, ${bundle.attempts.length} attempt${bundle.attempts.length === 1 ? '' : 's'}, ${bundle.transitions.length} transitions, ${bundle.transfers.length} transfers`,
      `${proved.size} events under the checkpoint, ${unsealed} not yet${unopened > 0 ? `; ${unopened} destinations expired` : ''}`,
      ...(bundle.at_rest ? [] : ['the batch moved while the bundle was read; its newest rows may not join yet']),
      ...endingWith(findings, unsealed),
    ],
  };
};

const endingWith = (findings: Findings, unsealed: number): string[] => {
  const wrong = findings.all.length + findings.more;
  const open = unsealed === 0 ? 'evidence ok' : `evidence ok, but ${unsealed} of its events ${unsealed === 1 ? 'is' : 'are'} not signed yet`;
  return [
    ...findings.all.map((finding) => `${finding.kind.replace('_', ' ')}: ${finding.message}`),
    wrong === 0 ? open : `evidence wrong: ${wrong} finding${wrong === 1 ? '' : 's'}`,
  ];
};

/** Nothing is sent before its gates are under a published checkpoint (R15): a bundle that was stripped of its proofs shows here. */
const checkRelease = (bundle: BatchProof, proved: ReadonlySet<string>, findings: Findings): void => {
  if (bundle.attempts.length === 0) return;
  for (const gate of bundle.gates)
    if (gate.content_version === bundle.batch.content_version && !proved.has(gate.event_id))
      findings.add('unsigned', `payments were sent, but gate ${gate.gate} is under no signed checkpoint`, { eventIds: [gate.event_id] });
};

/** Ids of the events that are proved to be under the checkpoint. */
const checkEvents = (bundle: BatchProof, key: VerifierKey, findings: Findings): Set<string> => {
  const signed = bundle.checkpoint ? openNote(bundle.checkpoint.note, key, verifyEd25519) : null;
  if (bundle.checkpoint && !signed) findings.add('unsigned', `the checkpoint is not signed by ${key.name}`);
  if (signed && !signed.origin.endsWith(`/${bundle.batch.tenant_id}`)) findings.add('unsigned', `the checkpoint is of another log: ${signed.origin}`);
  const root = signed && toHex(signed.root);
  const chains = subjectChains();
  const proved = new Set<string>();
  for (const { index, leaf, event, path } of bundle.events) {
    const deed = event as unknown as Deed & { domain: string; tenant_id: string; subject_seq: number; previous: string };
    const about = { indexes: index === null ? [] : [index], eventIds: [deed.id] };
    if (bodyLeaf(sha256, event) !== leaf) {
      findings.add('changed', `event ${deed.id} was changed`, about);
      chains.expire(leaf);
      chains.expire(bodyLeaf(sha256, event));
      continue;
    }
    if (deed.domain !== AUDIT_VERSION || deed.tenant_id !== bundle.batch.tenant_id)
      findings.add('malformed', `event ${deed.id} is of another log or version`, about);
    chains.see({ id: deed.id, index, subject: `${deed.subject.type} ${deed.subject.id}`, seq: deed.subject_seq, previous: deed.previous, leaf });
    if (index === null || path === null) continue;
    const hashes = path.map((hash) => Buffer.from(hash, 'hex'));
    const reached = signed ? rootFromInclusion(sha256, Buffer.from(leaf, 'hex'), index, Number(signed.size), hashes) : null;
    if (reached && toHex(reached) === root) proved.add(deed.id);
    else findings.add('unsigned', `event ${deed.id} of index ${index} is not under the checkpoint`, about);
  }
  chains.report(findings, 0);
  return proved;
};

const checkJoins = (bundle: BatchProof, findings: Findings): void => {
  const books = joins();
  for (const gate of bundle.gates) books.gate(gate, findings);
  for (const transfer of bundle.transfers) books.transfer(transfer);
  for (const { event } of bundle.events) books.event(event as unknown as Deed, 'complete', findings);
  books.report(findings);
};
