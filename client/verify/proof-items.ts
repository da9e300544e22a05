import type { BatchProof, ProofAttempt, ProofItem, ProofTransition } from '../../domain/audit/proof.js';
import { chunkOf } from '../../domain/batch/content.js';
import { toHex } from '../../domain/hashing.js';
import { type Coverage, covers } from '../../domain/item/coverage.js';
import { ITEM_EDGES, type ItemState, isTerminalItem } from '../../domain/item/states.js';
import { blockHash, transitionBlock, transitionsRoot } from '../../domain/item/transitions.js';
import { postingFor } from '../../domain/ledger/postings.js';
import { sha256 } from './crypto.js';
import { aboutEvent } from './events.js';
import type { Findings } from './findings.js';

/**
 * Recomputes the state of every item from its transitions, compares the transitions with the roots in the events, and requires the
 * transfer of every transition. What is left on hold is the amount of the items that are not final (R16).
 */
export const checkItems = (proof: BatchProof, findings: Findings): void => {
  const steps = groupBy(proof.transitions, (step) => step.ordinal);
  const dispatches = groupBy(proof.attempts.flatMap(toCoverage), ({ chunk }) => chunk);
  for (const item of proof.items) {
    const covered = (dispatches.get(chunkOf(item.ordinal, proof.batch.chunk_size)) ?? []).some((one) => covers(one, item.ordinal));
    const problem = transitionProblem(item, steps.get(item.ordinal) ?? [], covered);
    if (problem) findings.add('changed', `item ${item.item_id} ${problem}`);
    steps.delete(item.ordinal);
  }
  for (const ordinal of steps.keys()) findings.add('unjoined', `there are transitions of item ${ordinal}, which the batch does not have`);
  checkRoots(proof, findings);
  checkPostings(proof, findings);
  checkHold(proof, findings);
};

const groupBy = <Row, Key>(rows: readonly Row[], keyOf: (row: Row) => Key): Map<Key, Row[]> => {
  const groups = new Map<Key, Row[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group) group.push(row);
    else groups.set(keyOf(row), [row]);
  }
  return groups;
};

const toCoverage = ({ chunk, first_ordinal, end_ordinal, set_aside }: ProofAttempt): (Coverage & { chunk: number })[] =>
  first_ordinal === undefined || end_ordinal === undefined
    ? []
    : [{ chunk, firstOrdinal: first_ordinal, endOrdinal: end_ordinal, setAside: set_aside ? Buffer.from(set_aside, 'hex') : null }];

/** `covered`: a dispatch covers the item, so that it is `submitting` without a step of its own. */
const transitionProblem = (item: ProofItem, steps: readonly ProofTransition[], covered: boolean): string | null => {
  const ownSubmitting = steps.some((step) => step.to === 'submitting');
  let state: ItemState = covered && !ownSubmitting && steps[0]?.from !== 'pending' ? 'submitting' : 'pending';
  // Later steps were written after the item was read.
  const known = steps.filter((step) => step.version <= item.version).sort((a, b) => a.version - b.version);
  for (const [i, step] of known.entries()) {
    if (step.version !== i + 1) return `lacks its transition ${i + 1}`;
    if (step.from !== state || !ITEM_EDGES[step.from]?.includes(step.to))
      return `cannot go from ${state} to ${step.to} by its transition ${step.version}`;
    state = step.to;
  }
  if (known.length !== item.version) return `has ${known.length} transitions instead of ${item.version}`;
  return state === item.state ? null : `is ${item.state}, but its transitions end in ${state}`;
};

/** What an event says of its transitions: the hash of their block, or in released versions their root. */
interface StatedTransitions {
  transitions_root?: string;
  transitions_sha256?: string;
  chunk?: number;
}

const checkRoots = (proof: BatchProof, findings: Findings): void => {
  const byEvent = groupBy(proof.transitions, (step) => step.event_id);
  for (const record of proof.events) {
    const { event } = record;
    const steps = byEvent.get(String(event['id'])) ?? [];
    byEvent.delete(String(event['id']));
    const { transitions_root: root, transitions_sha256: hash, chunk } = event['detail'] as StatedTransitions;
    const about = aboutEvent(record);
    if (root === undefined && hash === undefined && steps.length > 0)
      findings.add('unjoined', `event ${event['id']} commits to no transitions, but ${steps.length} name it`, about);
    if (root === undefined && hash === undefined) continue;
    const rows = steps.map((step) => ({ ...step, inboundId: step.inbound_id, providerReference: step.provider_reference }));
    const place = { source: rows[0]?.source ?? '', chunk: chunk ?? null };
    const same =
      hash === undefined
        ? toHex(transitionsRoot(sha256, rows)) === root
        : blockHash(
            sha256,
            transitionBlock(
              place,
              [...rows].sort((a, b) => a.ordinal - b.ordinal),
            ),
          ) === hash && rows.every(({ source }) => source === place.source);
    if (!same) findings.add('changed', `the transitions of event ${event['id']} are not those that it committed to`, about);
  }
  for (const eventId of byEvent.keys())
    findings.add('unjoined', `transitions name event ${eventId}, which the proof does not have`, { eventIds: [eventId] });
};

/** Events of chunks have a transfer per item. What a cancel stops at once moves in one sum, under the event of the batch. */
const checkPostings = (proof: BatchProof, findings: Findings): void => {
  const ofChunks = new Set(proof.events.filter(({ event }) => String(event['action']).startsWith('chunk.')).map(({ event }) => event['id']));
  const posted = new Map(
    proof.transfers.filter((transfer) => transfer.ordinal !== null).map((transfer) => [`${transfer.ordinal} ${transfer.item_version}`, transfer]),
  );
  for (const step of proof.transitions) {
    const key = `${step.ordinal} ${step.version}`;
    const transfer = posted.get(key);
    posted.delete(key);
    const due = ofChunks.has(step.event_id) ? postingFor(step.from, step.to) : null;
    const amount = proof.items[step.ordinal]?.amount;
    const right = due ? transfer?.kind === due.kind && transfer.amount === amount && transfer.event_id === step.event_id : !transfer;
    if (!right)
      findings.add('unjoined', `transition ${step.version} of item ${step.ordinal} (${step.from} to ${step.to}) does not have its transfer`, {
        eventIds: [step.event_id],
      });
  }
  for (const transfer of posted.values())
    findings.add('unjoined', `transfer ${transfer.id} belongs to no transition of an item`, { eventIds: [transfer.event_id] });
};

const checkHold = (proof: BatchProof, findings: Findings): void => {
  const held = proof.transfers.find((transfer) => transfer.kind === 'hold')?.credit_account_id;
  const balance = proof.transfers.reduce((sum, { debit_account_id, credit_account_id, amount }) => {
    if (credit_account_id === held) return sum + BigInt(amount);
    return debit_account_id === held ? sum - BigInt(amount) : sum;
  }, 0n);
  const remaining = proof.holds.reduce((sum, hold) => sum + BigInt(hold.remaining), 0n);
  if (balance !== remaining) findings.add('unjoined', `${remaining} is on hold, but the transfers of the batch leave ${balance} there`);
  if (remaining === 0n) return;
  const open = proof.items.reduce((sum, item) => (isTerminalItem(item.state) ? sum : sum + BigInt(item.amount)), 0n);
  if (open + BigInt(proof.batch.fee_maximum) !== remaining)
    findings.add('unjoined', `${remaining} is on hold, but the items that are not final amount to ${open}`);
};
