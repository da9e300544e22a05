import { BUNDLE_VERSION, type EvidenceBundle } from '../../domain/audit/bundle.js';
import { openNote, parseVerifierKey } from '../../domain/audit/checkpoint.js';
import { AUDIT_VERSION, bodyLeaf } from '../../domain/audit/event.js';
import { toHex } from '../../domain/hashing.js';
import { rootFromInclusion } from '../../domain/merkle.js';
import { subjectChains } from './chains.js';
import { sha256, verifyEd25519 } from './crypto.js';
import { checkContent } from './evidence-content.js';
import { checkGates } from './evidence-gates.js';
import { checkItems } from './evidence-items.js';
import { type Finding, Findings } from './findings.js';
import { type Deed, joins } from './joins.js';

export interface EvidenceReport {
  ok: boolean;
  batchId: string;
  /** The newest content version's digest, hex. */
  digest: string | null;
  /** Events proved to be under the checkpoint, and those that are not under it yet. */
  proved: number;
  unsealed: number;
  /** Items whose destination can't be opened any more, because its payee was deleted. */
  unopened: number;
  findings: readonly Finding[];
  /** For people; the last line is `evidence ok` or says what is wrong. */
  lines: string[];
}

/**
 * Checks an evidence bundle offline (docs/evidence.md): digests out of the items, gates on the digests, states out of
 * transitions, money out of states, and every event under the signed checkpoint. Throws only when the key is malformed.
 */
export const verifyEvidence = (bundle: EvidenceBundle, trust: { verifierKey: string }): EvidenceReport => {
  const findings = new Findings();
  if (bundle.version !== BUNDLE_VERSION) findings.add('malformed', `the bundle has the unknown version ${bundle.version}`);
  const { unopened } = checkContent(bundle, findings);
  checkGates(bundle, findings);
  checkItems(bundle, findings);
  const { proved } = checkEvents(bundle, trust.verifierKey, findings);
  checkJoins(bundle, findings);
  const wrong = findings.all.length + findings.more;
  const unsealed = bundle.events.length - proved;
  return {
    ok: wrong === 0,
    batchId: bundle.batch.id,
    digest: bundle.contents.at(-1)?.digest ?? null,
    proved,
    unsealed,
    unopened,
    findings: findings.all,
    lines: [
      `batch ${bundle.batch.id}, ${bundle.batch.state}, ${bundle.items.length} items, digest ${bundle.contents.at(-1)?.digest ?? 'none'}`,
      `${bundle.gates.length} gates, ${bundle.attempts.length} attempts, ${bundle.transitions.length} transitions, ${bundle.transfers.length} transfers`,
      `${proved} events under the checkpoint, ${unsealed} not yet${unopened > 0 ? `; ${unopened} destinations expired` : ''}`,
      ...(bundle.at_rest ? [] : ['the batch moved while the bundle was read; its newest rows may not join yet']),
      ...findings.all.map((finding) => `${finding.kind.replace('_', ' ')}: ${finding.message}`),
      wrong === 0 ? 'evidence ok' : `evidence wrong: ${wrong} finding${wrong === 1 ? '' : 's'}`,
    ],
  };
};

const checkEvents = (bundle: EvidenceBundle, verifierKey: string, findings: Findings): { proved: number } => {
  const key = parseVerifierKey(sha256, verifierKey);
  if (!key) throw new Error('this is no Ed25519 verifier key of the form name+hash+key');
  const signed = bundle.checkpoint ? openNote(bundle.checkpoint.note, key, verifyEd25519) : null;
  if (bundle.checkpoint && !signed) findings.add('unsigned', `the checkpoint is not signed by ${key.name}`);
  if (signed && !signed.origin.endsWith(`/${bundle.batch.tenant_id}`)) findings.add('unsigned', `the checkpoint is of another log: ${signed.origin}`);
  const root = signed && toHex(signed.root);
  const chains = subjectChains();
  let proved = 0;
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
    if (reached && toHex(reached) === root) proved++;
    else findings.add('unsigned', `event ${deed.id} of index ${index} is not under the checkpoint`, about);
  }
  chains.report(findings, 0);
  return { proved };
};

const checkJoins = (bundle: EvidenceBundle, findings: Findings): void => {
  const books = joins();
  for (const gate of bundle.gates) books.gate(gate, findings);
  for (const transfer of bundle.transfers) books.transfer(transfer);
  for (const { event } of bundle.events) books.event(event as unknown as Deed, 'complete', findings);
  books.report(findings);
};
