import { toWireId } from '../../domain/ids.js';

/** Who paused a batch or cancelled it, and when, as its audit log says. */
export interface Pause {
  at: string;
  by: string;
}

/** An audit event of a batch, as far as it is read here. */
interface BatchEvent {
  at: string;
  action: string;
  result: string;
  event: { actor?: { type: string; role?: string; roles?: string[]; personId?: string; keyId?: string; process?: string } };
}

/** The pause that stands after this event: the first one since the batch was resumed, because pausing twice changes nothing. */
export const pauseAfter = (pause: Pause | null, data: unknown): Pause | null => {
  const { action, result } = data as BatchEvent;
  return result === 'ok' && action === 'batch.resume' ? null : firstOf('batch.pause', pause, data);
};

/** The cancel that counts after this event: the first one, because cancelling twice changes nothing. */
export const cancelAfter = (cancel: Pause | null, data: unknown): Pause | null => firstOf('batch.cancel', cancel, data);

const firstOf = (wanted: string, found: Pause | null, data: unknown): Pause | null => {
  const { at, action, result, event } = data as BatchEvent;
  return found === null && result === 'ok' && action === wanted ? { at, by: nameOf(event.actor) } : found;
};

const nameOf = (actor: BatchEvent['event']['actor']): string => {
  if (actor?.personId) return `${actor.roles?.join(', ') ?? actor.role ?? 'person'} ${toWireId('person', actor.personId)}`;
  if (actor?.keyId) return `API key ${toWireId('apiKey', actor.keyId)}`;
  return actor?.process ? `the ${actor.process}` : 'somebody';
};

/** The sentence about a pause. Without the event, the log has not caught up, and only the pause itself is known. */
export const pauseText = (pause: Pause | null, reason: string | null): string =>
  [
    pause ? `The batch is paused since ${pause.at} by ${pause.by}` : 'The batch is paused',
    reason === null ? '' : `, because: ${reason}`,
    '. Nothing more is sent until somebody resumes it; what was sent or is being sent is settled all the same.',
  ].join('');
