import type { Resolution } from '../../domain/exceptions.js';
import type { ProposalState, ProposedItem } from '../../domain/proposal.js';
import { bigint, bytes, columns, int, nullable, oneOf, type Row, step, text, time, uuid } from './columns.js';
import type { Page } from './page.js';

/** How a person would end an exception. */
export const PROPOSAL = columns({
  id: uuid('id'),
  exceptionId: uuid('exception_id'),
  batchId: nullable(uuid('batch_id')),
  choice: oneOf<Resolution>()('choice'),
  state: oneOf<ProposalState>()('state'),
  reason: text('reason'),
  digest: bytes('digest'),
  itemCount: int('item_count'),
  /** Minor units. */
  total: bigint('total'),
  proposedBy: uuid('proposed_by'),
  /** The code of the refusal, of one that could not be carried out. */
  problem: nullable(text('problem')),
  createdAt: time('created_at'),
  endedAt: nullable(time('ended_at')),
});
export type ProposalRow = Row<typeof PROPOSAL>;

/** What a second person was shown; their code is bound to it. */
export const PROPOSAL_CHALLENGE = columns({
  id: uuid('id'),
  proposalId: uuid('proposal_id'),
  personId: uuid('person_id'),
  digest: bytes('digest'),
  expiresAt: time('expires_at'),
  usedAt: nullable(time('used_at')),
});
export type ProposalChallengeRow = Row<typeof PROPOSAL_CHALLENGE>;

/** The second person's word. */
export const CONFIRMATION = columns({
  proposalId: uuid('proposal_id'),
  personId: uuid('person_id'),
  challengeId: uuid('challenge_id'),
  factorId: uuid('factor_id'),
  timeStep: step('time_step'),
  digest: bytes('digest'),
  eventId: uuid('event_id'),
  /** HMAC of the confirmation's canonical form under the installation's gate key. */
  authenticator: bytes('authenticator'),
  createdAt: time('created_at'),
});
export type ConfirmationRow = Row<typeof CONFIRMATION>;

/** An item of a proposal, with the caller's reference of its payee. */
export interface ListedProposedItem extends ProposedItem {
  payeeReference: string;
}

export interface ProposalStore {
  insert(row: Omit<ProposalRow, 'createdAt' | 'endedAt' | 'problem'>, items: readonly ProposedItem[]): Promise<void>;
  get(id: string): Promise<ProposalRow | null>;
  /** The proposal, locked FOR UPDATE; null when there is none. */
  lock(id: string): Promise<ProposalRow | null>;
  /** All of an exception, newest first. */
  ofException(exceptionId: string): Promise<ProposalRow[]>;
  /** Its items, by ordinal. */
  items(id: string): Promise<ProposedItem[]>;
  /** A page of its items, by ordinal. */
  listItems(row: { id: string; batchId: string }, page: { limit: number; afterOrdinal?: number | undefined }): Promise<Page<ListedProposedItem>>;
  /** Which of these items another proposal that has not ended names, and which one. */
  taken(batchId: string, ordinals: readonly number[]): Promise<{ ordinal: number; proposalId: string }[]>;
  /** Which of these references stand for an item of the batch, and which item: the provider or a proposal that stands gave it to that. */
  referencesGiven(batchId: string, references: readonly string[]): Promise<{ ordinal: number; providerReference: string }[]>;
  /** Which of these items people have settled by a proposal that was carried out. */
  settledByPeople(batchId: string, ordinals: readonly number[]): Promise<number[]>;
  /** Moves a locked proposal; the database holds the edges. */
  move(id: string, state: Exclude<ProposalState, 'proposed'>, problem?: string): Promise<void>;
  insertChallenge(row: Omit<ProposalChallengeRow, 'usedAt'>): Promise<void>;
  lockChallenge(id: string): Promise<ProposalChallengeRow | null>;
  /** Throws an Error when it was used already. */
  markChallengeUsed(id: string): Promise<void>;
  confirm(row: Omit<ConfirmationRow, 'createdAt'>): Promise<void>;
  /** Who confirmed these proposals, by proposal. */
  confirmers(ids: readonly string[]): Promise<Map<string, string>>;
  confirmationOf(id: string): Promise<ConfirmationRow | null>;
  /** The newest proposal of this choice; null when there is none. */
  newest(choice: Resolution): Promise<ProposalRow | null>;
  /** Ids of confirmed proposals that the worker has to carry out, oldest first. */
  waiting(limit: number): Promise<string[]>;
}
