import type { BatchProof } from '../../domain/audit/proof.js';
import { BATCH_TRANSITIONS } from '../../domain/batch/states.js';
import { GATE_VERB, GATES } from '../../domain/gate.js';
import type { Json } from '../../domain/hashing.js';
import type { Findings } from './findings.js';

interface Told {
  id: Json;
  action: string;
  subject: { type: string; id: string };
  detail: { [key: string]: Json };
}

/**
 * What a bundle shows is only what was left in it, so the rest is asked for: the events of this batch from its first, the content that it
 * stands at, an attempt for all that was sent, and an event that led to the state it claims.
 */
export const checkWhole = (bundle: BatchProof, findings: Findings): void => {
  const { batch, contents, events } = bundle;
  for (const { event } of events) {
    const { type, id } = event['subject'] as Told['subject'];
    const ours = type === 'batch' ? id === batch.id : type === 'chunk' && id.startsWith(`${batch.id}/`);
    if (!ours) findings.add('malformed', `event ${event['id']} is of ${type} ${id}, not of this batch`, { eventIds: [String(event['id'])] });
  }
  const told = events.filter(({ event }) => event['result'] === 'ok').map(({ event }) => event as unknown as Told);
  if (!told.some(({ action, subject }) => action === 'batch.create' && subject.type === 'batch'))
    findings.add('removed', 'the event that created the batch is missing');
  if (contents.at(-1)?.content_version !== batch.content_version)
    findings.add('removed', `the batch stands at content version ${batch.content_version}, which is missing`);
  checkState(bundle, told, findings);
  checkAttempts(bundle, told, findings);
};

/** The batch was read before its events, so these may have gone further; a state that none of them led to was never reached. */
const checkState = ({ batch }: BatchProof, told: readonly Told[], findings: Findings): void => {
  const reached = told.filter((event) => event.subject.type === 'batch' && stateAfter(event) === batch.state);
  if (reached.length === 0) findings.add('changed', `the batch is said to be ${batch.state}, but no event led there`);
  else if (batch.outcome !== null && !reached.some(({ detail }) => detail['outcome'] === batch.outcome))
    findings.add('changed', `the outcome is said to be ${batch.outcome}, but no event tells it`);
};

const GATE_STATES = new Map<string, string>(GATES.map((gate) => [`gate.${gate}`, BATCH_TRANSITIONS[GATE_VERB[gate]].to]));
const END_STATES: Readonly<Record<string, string>> = {
  'batch.complete': BATCH_TRANSITIONS.complete.to,
  'batch.fail': BATCH_TRANSITIONS.fail.to,
  'batch.cancel': BATCH_TRANSITIONS.finish_cancelled.to,
};

/** Where an event left the batch; null when it moved nothing. */
const stateAfter = ({ action, detail }: Told): Json => {
  if (detail['to'] !== undefined) return detail['to'];
  if (action === 'batch.create') return detail['state'] ?? null;
  // The cancel of an executing batch tells no outcome: it ends later.
  return GATE_STATES.get(action) ?? (detail['outcome'] === undefined ? null : (END_STATES[action] ?? null));
};

/** Whether three people had opened their gates is asked of what has attempts, so none of these may be left out. */
const checkAttempts = ({ attempts }: BatchProof, told: readonly Told[], findings: Findings): void => {
  const made = new Set(attempts.map(({ chunk, attempt }) => `${chunk} ${attempt}`));
  for (const { id, action, detail } of told) {
    const sent = detail['request_hash'] !== undefined || 'pending>submitting' in ((detail['transitions'] ?? {}) as object);
    if (action === 'chunk.intend' && sent && !made.has(`${detail['chunk']} ${detail['attempt']}`))
      findings.add('removed', `attempt ${detail['attempt']} of chunk ${detail['chunk']} is missing`, { eventIds: [String(id)] });
  }
};
