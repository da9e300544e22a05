import { BATCH_TRANSITIONS } from '../../domain/batch/states.js';
import { challengeBytes, GATE_VERB, type Gate, gateDeadline } from '../../domain/gate.js';
import { toHex } from '../../domain/hashing.js';
import { formatMoney } from '../../domain/money.js';
import { type Refusal, type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { matchCode, spentCode, usableFactor } from '../factor/match-code.js';
import { answer } from '../idempotency/answer.js';
import { lockFunds, placeHold } from '../ledger/place-hold.js';
import { refuseAbsent } from '../payout-batch/refuse-deed.js';
import { shown, type WireBatch } from '../payout-batch/view.js';
import type { Stores } from '../ports.js';
import type { ChallengeRow } from '../stores/challenges.js';
import { challengeRefusal } from './check-challenge.js';
import { executeRefusal } from './check-execute.js';
import { type GateFacts, lockForGate, standingRefusal } from './under-lock.js';

export interface OpenGateInput {
  gate: Gate;
  batch_id: string;
  challenge_id: string;
  code: string;
}

/**
 * Opens one of the three gates, in one transaction: the code is verified, its time step and the challenge consumed,
 * separation of duties checked, the hold placed (authorize), gate row, audit event and message to the workflow
 * written. Serves approve, authorize and execute. A refusal changes nothing but the count of wrong codes, and is audited.
 */
export const openGate = async (ctx: Context, input: OpenGateInput): Promise<Result<WireBatch>> => {
  const result = await ctx.inTenant((stores) => tryToOpen(ctx, stores, input));
  if (result.ok) await ctx.services.failpoint('between_gate_commit_and_signal');
  return result;
};

const tryToOpen = async (ctx: Context, stores: Stores, input: OpenGateInput): Promise<Result<WireBatch>> => {
  const { gate } = input;
  const workspace = await stores.workspaces.lockShared();
  const facts = await lockForGate(stores, input.batch_id);
  if (!facts) return refuseAbsent(ctx, stores, `gate.${gate}`, input.batch_id);
  const detail = { challenge_id: input.challenge_id, content_version: facts.content.contentVersion, state: facts.control.state };
  const refused = (refusal: Refusal) =>
    refusedAndAudited(stores, { subject: { type: 'batch', id: input.batch_id }, action: `gate.${gate}`, detail }, refusal);

  const closed = closedRefusal(ctx, workspace.frozenAt);
  if (closed) return refused(closed);
  const { actor } = ctx;
  const challenge = await stores.challenges.lock(input.challenge_id);
  const standing = standingRefusal(ctx, stores, gate, facts);
  const asked = actor.type === 'user' ? challengeRefusal(challenge, { personId: actor.personId, gate, now: stores.now }, facts) : null;
  const refusal = asked ?? standing ?? (gate === 'execute' ? await executeRefusal(stores, facts.opened) : null);
  if (refusal) return refused(refusal);
  if (actor.type !== 'user' || !challenge) throw new Error('the rules let somebody through who is no person or shows no challenge');

  const factor = await usableFactor(stores, actor.personId);
  if (!factor.ok) return refused(factor.refusal);
  const step = await matchCode(ctx, stores, factor.value, input.code);
  if (!step.ok) return refused(step.refusal);
  // Before the step is consumed: who is short of money keeps challenge and code.
  const shortfall = gate === 'authorize' ? await shortfallRefusal(stores, facts) : null;
  if (shortfall) return refused(shortfall);
  if (!(await stores.factors.consumeStep(factor.value.id, step.value))) return refused(spentCode(stores.now, step.value));

  await recordOpened(ctx, stores, facts, challenge, { factorId: factor.value.id, timeStep: step.value });
  return answer(await shown(ctx, stores, input.batch_id));
};

const closedRefusal = (ctx: Context, frozenAt: Date | null): Refusal | null => {
  if (frozenAt) return refuse('workspace_frozen', 'No gate opens while the workspace is frozen.').refusal;
  const recovering = ctx.services.recovery.reason();
  return recovering === null ? null : refuse('recovery_mode', recovering).refusal;
};

const shortfallRefusal = async (stores: Stores, { batch, content }: GateFacts): Promise<Refusal | null> => {
  const { available, shortfall } = await lockFunds(stores, batch, content.total + batch.feeMaximum);
  if (shortfall === 0n) return null;
  return refuse('insufficient_funds', `The funding account lacks ${formatMoney(shortfall, batch.currency)}. Top it up, then try again.`, {
    extra: { shortfall: Number(shortfall), available: Number(available), currency: batch.currency },
  }).refusal;
};

/** All writes of an opened gate, in lock order; the database checks them once more by its own rules (I4). */
const recordOpened = async (
  ctx: Context,
  stores: Stores,
  { batch, control, content }: GateFacts,
  challenge: ChallengeRow,
  factor: { factorId: string; timeStep: number },
): Promise<void> => {
  const { newId } = ctx.services.entropy;
  const { gate, personId, contentVersion, digest } = challenge;
  const [gateId, eventId] = [newId(), stores.audit.newId()];
  await stores.challenges.markUsed(challenge.id);
  const amount = content.total + batch.feeMaximum;
  const hold = { id: newId(), contentVersion, amount, eventId };
  if (gate === 'authorize') await placeHold(stores, batch, hold);
  await stores.gates.insert({ id: gateId, batchId: batch.id, gate, contentVersion, digest, personId, challengeId: challenge.id, ...factor, eventId });
  const { to: state } = BATCH_TRANSITIONS[GATE_VERB[gate]];
  const deadlineAt = gate === 'execute' ? null : gateDeadline(stores.now, batch.executeBy);
  if (!(await stores.batches.move(batch.id, control.rowVersion, { state, deadlineAt })))
    throw new Error(`batch ${batch.id} moved under its own lock`);
  await stores.outbox.add({ batchId: batch.id, message: 'gate_opened', gateId });
  await stores.audit.append({
    id: eventId,
    subject: { type: 'batch', id: batch.id },
    action: `gate.${gate}`,
    result: 'ok',
    detail: {
      gate_id: gateId,
      challenge_id: challenge.id,
      challenge_sha256: toHex(ctx.services.sha256(bytesOf(ctx, challenge))),
      factor_id: factor.factorId,
      content_version: contentVersion,
      digest: toHex(digest),
      count: content.count,
      total: content.total.toString(),
      ...(gate === 'authorize' ? { hold_id: hold.id, held: amount.toString() } : {}),
    },
  });
};

const bytesOf = (ctx: Context, challenge: ChallengeRow): Uint8Array =>
  challengeBytes({ ...challenge, challengeId: challenge.id, tenantId: ctx.tenantId, expiresAt: challenge.expiresAt.toISOString() });
