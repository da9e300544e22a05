import { type Actor, permissionsOf } from './actors.js';
import { type ExceptionKind, kindRow, RESOLUTIONS, type Resolution } from './exceptions.js';
import { canonicalBytes, type Sha256, toHex } from './hashing.js';
import { holdersOf } from './permissions.js';
import { type Refusal, refuse } from './result.js';

/** A proposal waits for its second person, is carried out by the worker, or was taken back; `refused` when it could not be carried out. */
export const PROPOSAL_STATES = ['proposed', 'confirmed', 'applied', 'refused', 'withdrawn'] as const;
export type ProposalState = (typeof PROPOSAL_STATES)[number];

/** Items of one proposal. */
export const PROPOSAL_ITEMS_MAX = 10_000;

export interface ProposedItem {
  ordinal: number;
  /** Minor units. */
  amount: bigint;
  /** The provider's name for the payment; null where the choice is not that it paid. */
  providerReference: string | null;
}

/** Everything that a proposal says. Its digest is what the second person's code is bound to. */
export interface ProposalContent {
  id: string;
  tenantId: string;
  exceptionId: string;
  kind: ExceptionKind;
  batchId: string | null;
  choice: Resolution;
  reason: string;
  proposedBy: string;
  /** By ordinal. */
  items: readonly ProposedItem[];
}

const encoder = new TextEncoder();

/** Digest of a proposal: SHA-256 over its canonical form, with its items as one hash over canonical lines. */
export const proposalDigest = (sha256: Sha256, content: ProposalContent): Uint8Array => {
  const items = [...content.items].sort((a, b) => a.ordinal - b.ordinal);
  // RFC 8785 writes an array of integers, strings and nulls exactly as JSON.stringify does.
  const lines = items.map(({ ordinal, amount, providerReference }) => `${JSON.stringify([ordinal, amount.toString(), providerReference])}\n`);
  return sha256(
    canonicalBytes({
      domain: 'sluice-proposal-v1',
      proposal_id: content.id,
      tenant_id: content.tenantId,
      exception_id: content.exceptionId,
      kind: content.kind,
      batch_id: content.batchId,
      choice: content.choice,
      reason_sha256: toHex(sha256(encoder.encode(content.reason))),
      proposed_by: content.proposedBy,
      item_count: items.length,
      total: items.reduce((sum, { amount }) => sum + amount, 0n).toString(),
      items_sha256: toHex(sha256(encoder.encode(lines.join('')))),
    }),
  );
};

/** What the second person's code is bound to: one person and one proposal, for one use. */
export interface ProposalChallengeBinding {
  challengeId: string;
  tenantId: string;
  personId: string;
  proposalId: string;
  digest: Uint8Array;
  /** RFC 3339. */
  expiresAt: string;
}

/** The canonical form of a challenge to confirm a proposal. */
export const proposalChallengeBytes = (binding: ProposalChallengeBinding): Uint8Array =>
  canonicalBytes({
    domain: 'sluice-proposal-challenge-v1',
    challenge_id: binding.challengeId,
    tenant_id: binding.tenantId,
    person_id: binding.personId,
    proposal_id: binding.proposalId,
    digest: toHex(binding.digest),
    expires_at: binding.expiresAt,
  });

/** Everything that a confirmation says. One that says anything else needs another authenticator. */
export interface ConfirmationContent {
  tenantId: string;
  proposalId: string;
  personId: string;
  challengeId: string;
  factorId: string;
  timeStep: number;
  digest: Uint8Array;
  eventId: string;
}

/** The canonical form of a confirmation, over which its authenticator is computed, as that of a gate is (R11). */
export const confirmationBytes = (content: ConfirmationContent): Uint8Array =>
  canonicalBytes({
    domain: 'sluice-confirmation-v1',
    tenant_id: content.tenantId,
    proposal_id: content.proposalId,
    person_id: content.personId,
    challenge_id: content.challengeId,
    factor_id: content.factorId,
    time_step: content.timeStep,
    digest: toHex(content.digest),
    event_id: content.eventId,
  });

/** May this actor propose to end an exception of this kind so? Null when they may. */
export const refusalToPropose = (question: {
  actor: Actor;
  kind: ExceptionKind;
  choice: Resolution;
  preparers: readonly string[];
}): Refusal | null => {
  const { actor, kind, choice, preparers } = question;
  if (!isPerson(actor)) return needsPerson(actor, 'propose how an exception ends');
  if (!permissionsOf(actor).includes('exceptions.propose'))
    return refuse('forbidden', `None of your roles has exceptions.propose; ${holdersOf('exceptions.propose')} may.`).refusal;
  const allowed = kindRow(kind).resolutions;
  if (!allowed.includes(choice))
    return refuse(
      'choice_not_allowed',
      `An exception ${kind} ends by ${allowed.length > 0 ? allowed.join(' or ') : 'itself, when what it reports is over'}.`,
    ).refusal;
  return RESOLUTIONS[choice].people === 2 ? preparerRefusal(actor.personId, preparers) : null;
};

/** May this actor confirm the proposal? A second person who did not prepare the batch. Null when they may. */
export const refusalToConfirm = (question: {
  actor: Actor;
  state: ProposalState;
  proposedBy: string;
  preparers: readonly string[];
}): Refusal | null => {
  const { actor, state, proposedBy, preparers } = question;
  if (!isPerson(actor)) return needsPerson(actor, 'confirm a proposal');
  if (!permissionsOf(actor).includes('exceptions.confirm'))
    return refuse('forbidden', `None of your roles has exceptions.confirm; ${holdersOf('exceptions.confirm')} may.`).refusal;
  if (state !== 'proposed')
    return refuse('proposal_closed', `The proposal is ${state}; read it to see what became of it.`, { extra: { state } }).refusal;
  if (actor.personId === proposedBy) return refuse('proposal_same_person', 'You proposed this; a second person has to confirm it.').refusal;
  return preparerRefusal(actor.personId, preparers);
};

const isPerson = (actor: Actor): actor is Extract<Actor, { type: 'user' }> => actor.type === 'user';

const needsPerson = (actor: Actor, deed: string): Refusal =>
  refuse('proposal_needs_person', `A ${actor.type.replaceAll('_', ' ')} cannot ${deed}; sign in as a person.`).refusal;

const preparerRefusal = (personId: string, preparers: readonly string[]): Refusal | null =>
  preparers.includes(personId)
    ? refuse('preparer_cannot_settle', 'You prepared this batch; two other people have to settle what is in doubt about it.').refusal
    : null;

/** What a rail says about its keys and about how late it takes a payment in, ms. */
export interface RailTimes {
  keyTtlMs: number;
  acceptanceWindowMs: number;
  timeoutMs: number;
}

/**
 * From when people may say that the provider never got what these dispatches of a chunk sent: the key's life, which counts from
 * the first, has ended, and so has the acceptance window, which counts from the last moment at which bytes could have left.
 */
export const mayFailFrom = (dispatches: readonly { sentFrom: Date; leaseUntil: Date }[], rail: RailTimes): Date | null => {
  if (dispatches.length === 0) return null;
  const keyEnds = Math.min(...dispatches.map(({ sentFrom }) => sentFrom.getTime())) + rail.keyTtlMs;
  const windowEnds = Math.max(...dispatches.map(({ leaseUntil }) => leaseUntil.getTime())) + rail.timeoutMs + rail.acceptanceWindowMs;
  return new Date(Math.max(keyEnds, windowEnds));
};
