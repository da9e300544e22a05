import { type Actor, type Permission, permissionsOf } from '../actors.js';
import type { BatchState, BatchVerb } from '../batch/states.js';
import { type Refusal, refuse } from '../result.js';

export const GATES = ['approve', 'authorize', 'execute'] as const;
export type Gate = (typeof GATES)[number];

export const GATE_PERMISSION: Readonly<Record<Gate, Permission>> = {
  approve: 'gates.approve',
  authorize: 'gates.authorize',
  execute: 'gates.execute',
};

/** The state a batch must be in for a gate, and the transition that the gate makes. */
export const GATE_STATE: Readonly<Record<Gate, BatchState>> = { approve: 'queued', authorize: 'approved', execute: 'authorized' };
export const GATE_VERB: Readonly<Record<Gate, BatchVerb>> = { approve: 'approve', authorize: 'authorize', execute: 'execute' };

export interface GateQuestion {
  gate: Gate;
  actor: Actor;
  state: BatchState;
  /** People who created, submitted or edited the batch, or changed one of its destinations lately (R9). */
  preparers: readonly string[];
  /** Gates already open on the current content version. */
  opened: readonly { gate: Gate; personId: string }[];
}

/**
 * May this actor open this gate now? The only place where separation of duties is decided; the database backs it
 * with a unique (tenant, batch, content version, person) over gates. Returns null when nothing speaks against it.
 */
export const refusalToOpen = (question: GateQuestion): Refusal | null => {
  const { gate, actor, state, preparers, opened } = question;
  if (actor.type !== 'user')
    return refuse('gate_needs_person', `A ${actor.type.replaceAll('_', ' ')} cannot open a gate; sign in as a person.`).refusal;
  if (!permissionsOf(actor).includes(GATE_PERMISSION[gate]))
    return refuse('forbidden', `Your role lacks ${GATE_PERMISSION[gate]}; ask a person who holds it.`).refusal;
  if (state !== GATE_STATE[gate])
    return refuse('wrong_state', `${gate} needs a batch in state ${GATE_STATE[gate]}; it is ${state}.`, { extra: { state } }).refusal;
  if (gate !== 'execute' && preparers.includes(actor.personId))
    return refuse('preparer_cannot_open', `You prepared this batch; somebody else has to ${gate} it.`).refusal;
  if (opened.some((earlier) => earlier.personId === actor.personId))
    return refuse('gate_same_person', 'You opened an earlier gate of this batch; somebody else has to open this one.').refusal;
  return null;
};
