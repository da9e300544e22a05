import { type Actor, permissionsOf } from './actors.js';
import type { BatchState, BatchVerb } from './batch/states.js';
import { canonicalBytes, toHex } from './hashing.js';
import { holdersOf, type Permission } from './permissions.js';
import { type Refusal, refuse } from './result.js';

export const GATES = ['approve', 'authorize', 'execute'] as const;
export type Gate = (typeof GATES)[number];

export const GATE_PERMISSION: Readonly<Record<Gate, Permission>> = {
  approve: 'gates.approve',
  authorize: 'gates.authorize',
  execute: 'gates.execute',
};

/** The state that a batch must be in for a gate, and the transition that the gate makes. */
export const GATE_STATE: Readonly<Record<Gate, BatchState>> = { approve: 'queued', authorize: 'approved', execute: 'authorized' };
export const GATE_VERB: Readonly<Record<Gate, BatchVerb>> = { approve: 'approve', authorize: 'authorize', execute: 'execute' };

/** How long a gate waits for its person, ms. */
const GATE_WAIT_MS = 7 * 24 * 60 * 60 * 1000;

/** How long a challenge may be answered, ms. */
export const CHALLENGE_MS = 5 * 60 * 1000;

/**
 * When the next gate closes: after the usual wait, but never later than the batch must have begun to execute. The deadline is a
 * column of the control row and is judged on the database's clock; timers only wake the workflow (R13).
 */
export const gateDeadline = (now: Date, executeBy: Date | null): Date => {
  const usual = now.getTime() + GATE_WAIT_MS;
  return new Date(executeBy ? Math.min(usual, executeBy.getTime()) : usual);
};

export interface GateQuestion {
  gate: Gate;
  actor: Actor;
  state: BatchState;
  /** People who created, submitted or edited the batch, or changed one of its destinations lately (R9). */
  preparers: readonly string[];
  /** Gates that are open on the current content version. */
  opened: readonly { gate: Gate; personId: string }[];
}

/**
 * May this actor open this gate now? This function alone decides about separation of duties (R9). The database backs it with a
 * unique (tenant, batch, content version, person) over gates. Returns null when the actor may.
 */
export const refusalToOpen = (question: GateQuestion): Refusal | null => {
  const { gate, actor, state, preparers, opened } = question;
  if (actor.type !== 'user') return refuse('gate_needs_person', 'Only a person opens a gate; sign in as one.').refusal;
  if (!permissionsOf(actor).includes(GATE_PERMISSION[gate]))
    return refuse('forbidden', `None of your roles has ${GATE_PERMISSION[gate]}; ${holdersOf(GATE_PERMISSION[gate])} may.`).refusal;
  if (state !== GATE_STATE[gate])
    return refuse('wrong_state', `${gate} needs a batch in state ${GATE_STATE[gate]}; it is ${state}.`, { extra: { state } }).refusal;
  if (gate !== 'execute' && preparers.includes(actor.personId))
    return refuse('preparer_cannot_open', `You prepared this batch; somebody else has to ${gate} it.`).refusal;
  if (opened.some((earlier) => earlier.personId === actor.personId))
    return refuse('gate_same_person', 'You opened an earlier gate of this batch; somebody else has to open this one.').refusal;
  return null;
};

/** What a second factor is bound to (R11): one person, one gate and one content, for one use. */
export interface ChallengeBinding {
  challengeId: string;
  tenantId: string;
  personId: string;
  gate: Gate;
  batchId: string;
  contentVersion: number;
  digest: Uint8Array;
  /** RFC 3339. */
  expiresAt: string;
}

/** The canonical form of a challenge. A passkey signs the SHA-256 of these bytes (ADR 0076). */
export const challengeBytes = (binding: ChallengeBinding): Uint8Array =>
  canonicalBytes({
    domain: 'sluice-challenge-v1',
    challenge_id: binding.challengeId,
    tenant_id: binding.tenantId,
    person_id: binding.personId,
    gate: binding.gate,
    batch_id: binding.batchId,
    content_version: binding.contentVersion,
    digest: toHex(binding.digest),
    expires_at: binding.expiresAt,
  });

/** Everything that an opened gate says. A gate that says anything else needs another authenticator. */
export interface GateStatement {
  id: string;
  tenantId: string;
  batchId: string;
  gate: Gate;
  contentVersion: number;
  digest: Uint8Array;
  challengeId: string;
  personId: string;
  factorId: string;
  /** The time step of the code that opened it; null when a passkey did. */
  timeStep: number | null;
  /** SHA-256 of what the passkey signed (`assertionBytes`); null when a code opened it. */
  assertionSha256: Uint8Array | null;
  eventId: string;
}

/**
 * The canonical form of a gate, over which its authenticator is computed (R11): of one that a code opened version 1, of one that a passkey opened
 * version 2, with what it signed in the place of the time step. Their members never change.
 */
export const gateBytes = (gate: GateStatement): Uint8Array =>
  canonicalBytes({
    ...(gate.assertionSha256
      ? { domain: 'sluice-gate-v2', assertion_sha256: toHex(gate.assertionSha256) }
      : { domain: 'sluice-gate-v1', time_step: gate.timeStep }),
    gate_id: gate.id,
    tenant_id: gate.tenantId,
    batch_id: gate.batchId,
    gate: gate.gate,
    content_version: gate.contentVersion,
    digest: toHex(gate.digest),
    challenge_id: gate.challengeId,
    person_id: gate.personId,
    factor_id: gate.factorId,
    event_id: gate.eventId,
  });
