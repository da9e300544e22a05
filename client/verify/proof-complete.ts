import type { BatchProof, ProofAttempt } from '../../domain/audit/proof.js';
import { BATCH_TRANSITIONS } from '../../domain/batch/states.js';
import { GATE_VERB, GATES } from '../../domain/gate.js';
import type { Json } from '../../domain/hashing.js';
import type { EventBody } from './events.js';
import type { Findings } from './findings.js';

/**
 * Checks that nothing was taken out of a proof: it has the event that created the batch and no event of another one, the present
 * content, an attempt for everything that was sent, and an event that led to the state of the batch.
 */
export const checkComplete = (proof: BatchProof, findings: Findings): void => {
  const { batch, contents, events } = proof;
  for (const record of events) {
    const { type, id } = record.event['subject'] as EventBody['subject'];
    const ours = type === 'batch' ? id === batch.id : type === 'chunk' && id.startsWith(`${batch.id}/`);
    if (!ours)
      findings.add('malformed', `event ${record.event['id']} is of ${type} ${id}, not of this batch`, { eventIds: [String(record.event['id'])] });
  }
  const succeeded = events.map(({ event }) => event as unknown as EventBody).filter(({ result }) => result === 'ok');
  if (!succeeded.some(({ action, subject }) => action === 'batch.create' && subject.type === 'batch'))
    findings.add('removed', 'the event that created the batch is missing');
  if (contents.at(-1)?.content_version !== batch.content_version)
    findings.add('removed', `the batch has content version ${batch.content_version}, which is missing`);
  checkState(proof, succeeded, findings);
  checkAttempts(proof, succeeded, findings);
};

/** The batch was read before its events, so they may show a later state too. A state that no event led to was never reached. */
const checkState = ({ batch }: BatchProof, events: readonly EventBody[], findings: Findings): void => {
  const reached = events.filter((event) => event.subject.type === 'batch' && stateAfter(event) === batch.state);
  if (reached.length === 0) findings.add('changed', `the batch is ${batch.state}, but no event led there`);
  else if (batch.outcome !== null && !reached.some(({ detail }) => detail['outcome'] === batch.outcome))
    findings.add('changed', `the outcome is ${batch.outcome}, but no event states it`);
};

const GATE_STATES = new Map<string, string>(GATES.map((gate) => [`gate.${gate}`, BATCH_TRANSITIONS[GATE_VERB[gate]].to]));
const END_STATES: Readonly<Record<string, string>> = {
  'batch.complete': BATCH_TRANSITIONS.complete.to,
  'batch.fail': BATCH_TRANSITIONS.fail.to,
  'batch.cancel': BATCH_TRANSITIONS.finish_cancelled.to,
};

/** The state of the batch after an event; null when the event did not change it. */
const stateAfter = ({ action, detail }: EventBody): Json => {
  if (detail['to'] !== undefined) return detail['to'];
  if (action === 'batch.create') return detail['state'] ?? null;
  // The cancel of an executing batch has no outcome, because that batch ends later.
  return GATE_STATES.get(action) ?? (detail['outcome'] === undefined ? null : (END_STATES[action] ?? null));
};

/** The check of the gates starts from the attempts, so no attempt may be missing, and each is what its event says. */
const checkAttempts = ({ attempts }: BatchProof, events: readonly EventBody[], findings: Findings): void => {
  const made = new Map(attempts.map((attempt) => [`${attempt.chunk} ${attempt.attempt}`, attempt]));
  for (const { id, action, detail } of events) {
    const sent =
      detail['artefact_hash'] ?? detail['request_hash'] ?? ('pending>submitting' in ((detail['transitions'] ?? {}) as object) || undefined);
    if (action !== 'chunk.intend' || sent === undefined) continue;
    const name = `attempt ${detail['attempt']} of chunk ${detail['chunk']}`;
    const attempt = made.get(`${detail['chunk']} ${detail['attempt']}`);
    if (!attempt) findings.add('removed', `${name} is missing`, { eventIds: [id] });
    else if (detail['artefact_hash'] !== undefined && !statedBy(attempt, detail))
      findings.add('changed', `${name} is not what its event says`, { eventIds: [id] });
    made.delete(`${detail['chunk']} ${detail['attempt']}`);
  }
  for (const [name, { event_id }] of made)
    if (event_id)
      findings.add('unjoined', `no event tells of attempt ${name.split(' ')[1]} of chunk ${name.split(' ')[0]}`, { eventIds: [event_id] });
};

const statedBy = (attempt: ProofAttempt, detail: EventBody['detail']): boolean =>
  attempt.request_hash === detail['artefact_hash'] &&
  attempt.item_count === detail['count'] &&
  (['purpose', 'first_ordinal', 'end_ordinal', 'set_aside', 'connection_id', 'connection_version', 'renderer_version'] as const).every(
    (member) => attempt[member] === detail[member],
  );
