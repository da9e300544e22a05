import { type Refusal, refuse } from './result.js';

/**
 * Where a workspace stands. `stopped`: one operator asked for a freeze, and no money leaves. `frozen`: a second one confirmed it, and nobody
 * works in it either. `thawing`: the same, and one operator asked for the thaw.
 */
export const TENANT_STATES = ['open', 'stopped', 'frozen', 'thawing'] as const;
export type TenantState = (typeof TENANT_STATES)[number];

/** What of an open freeze decides about its next step. */
export interface Freeze {
  id: string;
  proposedBy: string;
  confirmedBy: string | null;
  thawProposedBy: string | null;
}

/** A workspace that was stopped past this API has no freeze, and is stopped all the same. */
export const tenantState = (freeze: Pick<Freeze, 'confirmedBy' | 'thawProposedBy'> | null, frozenAt: Date | null): TenantState => {
  if (!freeze) return frozenAt ? 'stopped' : 'open';
  if (freeze.confirmedBy === null) return 'stopped';
  return freeze.thawProposedBy === null ? 'frozen' : 'thawing';
};

/** What an operator confirms. */
export const FREEZE_STEPS = ['freeze', 'thaw'] as const;
export type FreezeStep = (typeof FREEZE_STEPS)[number];

/** Why nobody may ask for a freeze now; null when they may. */
export const refusalToFreeze = (freeze: Freeze | null): Refusal | null => {
  if (!freeze) return null;
  const next = freeze.confirmedBy === null ? 'Another operator than the one who asked confirms it.' : 'Ask for the thaw when it is to end.';
  return wrongState(freeze, `A freeze is asked for already. ${next}`);
};

/** Why nobody may ask for a thaw now; null when they may. */
export const refusalToThaw = (freeze: Freeze | null): Refusal | null => {
  if (freeze && freeze.confirmedBy !== null && freeze.thawProposedBy === null) return null;
  if (!freeze) return wrongState(freeze, 'No freeze is open, so there is nothing to thaw.');
  if (freeze.confirmedBy === null)
    return wrongState(freeze, 'The freeze is not confirmed. Who asked for it withdraws it, or another operator confirms it.');
  return wrongState(freeze, 'A thaw is asked for already. Another operator than the one who asked confirms it.');
};

/** Why this operator may not confirm this step of the freeze that they looked at; null when they may. Two people are two operators, whatever keys they use. */
export const refusalToConfirm = (freeze: Freeze | null, asked: { freezeId: string; step: FreezeStep; operatorId: string }): Refusal | null => {
  if (!freeze || freeze.id !== asked.freezeId) return wrongState(freeze, NOT_OPEN);
  const by = asked.step === 'freeze' ? (freeze.confirmedBy === null ? freeze.proposedBy : null) : freeze.thawProposedBy;
  if (by === null) return wrongState(freeze, `No ${asked.step} waits for a confirmation. Look at the workspace again, then decide.`);
  if (by !== asked.operatorId) return null;
  return refuse('freeze_same_person', `You asked for this ${asked.step}; another operator confirms it.`).refusal;
};

/**
 * Why this operator may not take back what was asked for; null when they may. Only who asked does, so that nobody undoes alone what another
 * one stopped. `freezeId`: the freeze that they looked at, where they say one.
 */
export const refusalToWithdraw = (freeze: Freeze | null, operatorId: string, freezeId?: string): Refusal | null => {
  if (freezeId !== undefined && freeze?.id !== freezeId) return wrongState(freeze, NOT_OPEN);
  const by = freeze && (freeze.confirmedBy === null ? freeze.proposedBy : freeze.thawProposedBy);
  if (!by) return wrongState(freeze, 'Nothing waits for a confirmation, so there is nothing to withdraw.');
  if (by === operatorId) return null;
  return refuse('forbidden', 'Only who asked withdraws. To end a freeze that another operator asked for, confirm it and ask for the thaw.').refusal;
};

const NOT_OPEN = 'This freeze is not open any more. Look at the workspace again, then decide.';

const wrongState = (freeze: Freeze | null, detail: string): Refusal =>
  refuse('freeze_state', detail, { extra: { freeze: stateWord(freeze) } }).refusal;

const stateWord = (freeze: Freeze | null): string => (freeze ? tenantState(freeze, null) : 'none');

/** What people and keys of a closed workspace are told. */
export const CLOSED_DETAIL = 'This workspace is frozen by the platform. Two of its operators thaw it; ask them.';
