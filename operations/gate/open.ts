import { BATCH_TRANSITIONS } from '../../domain/batch/states.js';
import { GATE_PERMISSION, GATE_VERB, type Gate, gateBytes, gateDeadline, refusalToOpen } from '../../domain/gate.js';
import { sameBytes, toHex } from '../../domain/hashing.js';
import { toWireId } from '../../domain/ids.js';
import { groupedMoney } from '../../domain/money.js';
import { type Refusal, type Result, refuse } from '../../domain/result.js';
import { readBatch, type WireBatch } from '../batch-state/read.js';
import { refuseUnreceived } from '../batch-state/refuse.js';
import { type Context, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { holds } from '../membership/check.js';
import type { Stores } from '../ports.js';
import { recoveryRefusal } from '../recovery/refuse.js';
import type { BatchRow, ContentRow, ControlRow } from '../stores/batches.js';
import type { ChallengeRow } from '../stores/challenges.js';
import type { GateRow } from '../stores/gates.js';
import { frozenRefusal } from '../workspace/frozen.js';
import { type GateProof, type ProvenFactor, proveToOpen } from './prove.js';
import { challengeHashOf, isAuthentic, statementOf } from './verify.js';

export interface OpenGateInput extends GateProof {
  gate: Gate;
  batch_id: string;
  challenge_id: string;
}

/**
 * Opens one of the three gates in one transaction: checks separation of duties, challenge and factor, uses up the challenge and the
 * time step of the code or the counter of the passkey, places the hold (authorize), and writes gate row, audit event and message to the workflow. A refusal is
 * audited and changes nothing but the count of wrong codes.
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
  if (!facts) return refuseUnreceived(ctx, stores, `gate.${gate}`, gate, input.batch_id);
  const detail = { challenge_id: input.challenge_id, content_version: facts.content.contentVersion, state: facts.control.state };
  const refused = (refusal: Refusal) =>
    refusedAndAudited(stores, { subject: { type: 'batch', id: input.batch_id }, action: `gate.${gate}`, detail }, refusal);

  const closed = closedRefusal(ctx, workspace.frozenAt);
  if (closed) return refused(closed);
  const { actor } = ctx;
  const challenge = await stores.challenges.lock(input.challenge_id);
  const standing = standingRefusal(ctx, stores, gate, facts);
  const asked = actor.type === 'user' ? challengeRefusal(challenge, { personId: actor.personId, gate, now: stores.now }, facts) : null;
  const refusal = asked ?? standing ?? (gate === 'execute' ? await executeRefusal(ctx, stores, facts.opened) : null);
  if (refusal) return refused(refusal);
  if (actor.type !== 'user' || !challenge) throw new Error('the rules let an actor through that is no person or has no challenge');

  const proven = await proveToOpen(ctx, stores, actor.personId, input, challengeHashOf(ctx, challenge));
  if (!proven.ok) return refused(proven.refusal);
  // Before the factor is used up: a person whose account lacks the money keeps challenge and code (ADR 0021).
  const shortfall = gate === 'authorize' ? await shortfallRefusal(stores, facts) : null;
  if (shortfall) return refused(shortfall);
  const spent = await proven.value.spend();
  if (spent) return refused(spent);

  await recordOpened(ctx, stores, facts, challenge, proven.value);
  return answer(await readBatch(ctx, stores, input.batch_id));
};

/** Everything that the rules of a gate look at, read under the lock of the control row. */
export interface GateFacts {
  batch: BatchRow;
  control: ControlRow;
  content: ContentRow;
  preparers: string[];
  opened: GateRow[];
  /** It may have been paid before the database was restored, so no deadline ends it (R15). */
  marked: boolean;
}

/** Locks a batch for one of its gates. Null when the workspace has no such batch. */
export const lockForGate = async (stores: Stores, batchId: string): Promise<GateFacts | null> => {
  const control = await stores.batches.lock(batchId);
  const batch = control && (await stores.batches.get(batchId));
  const content = control && (await stores.batches.content(batchId, control.contentVersion));
  if (!control || !batch || !content) return null;
  const preparers = await stores.batches.preparers(batchId);
  const opened = await stores.gates.open(batchId, control.contentVersion);
  const marked = (await stores.recoveries.markOf(batchId)) !== null;
  return { batch, control, content, preparers, opened, marked };
};

/** Why this actor may not open this gate now: the rules of the domain, then the deadline on the database's clock. Null when they may. */
export const standingRefusal = (ctx: Context, stores: Stores, gate: Gate, facts: GateFacts): Refusal | null => {
  const { control, preparers, opened } = facts;
  return refusalToOpen({ gate, actor: ctx.actor, state: control.state, preparers, opened }) ?? deadlineRefusal(facts, stores.now);
};

const deadlineRefusal = ({ batch, control, marked }: GateFacts, now: Date): Refusal | null => {
  if (marked) return null;
  const passed = [control.deadlineAt, batch.executeBy].find((deadline) => deadline !== null && deadline <= now);
  if (!passed) return null;
  return refuse('gate_deadline_passed', 'The time for this gate is over; the batch expires. Create it anew if it still has to be paid.', {
    extra: { deadline_at: passed.toISOString() },
  }).refusal;
};

/**
 * Why this challenge is not valid for this person, gate and content (R11). A challenge of another person is refused like one that
 * does not exist. Null when it is valid.
 */
const challengeRefusal = (
  challenge: ChallengeRow | null,
  asked: { personId: string; gate: Gate; now: Date },
  { control, content }: GateFacts,
): Refusal | null => {
  if (!challenge || challenge.personId !== asked.personId || challenge.gate !== asked.gate || challenge.batchId !== control.batchId)
    return refuse('challenge_unknown', 'Ask for a challenge for this batch and gate first.').refusal;
  const extra = { state: control.state };
  if (challenge.usedAt) return refuse('challenge_used', 'A challenge opens one gate once; read the batch to see what it did.', { extra }).refusal;
  if (challenge.expiresAt <= asked.now)
    return refuse('challenge_expired', 'Ask for a new challenge and look at what would be paid again.', { extra }).refusal;
  const stale = challenge.cancelledAt || challenge.contentVersion !== control.contentVersion || !sameBytes(challenge.digest, content.digest);
  if (stale) return refuse('challenge_stale', 'The batch was edited after you looked at it; ask for a new challenge.', { extra }).refusal;
  return null;
};

/** Execute is closed while the oldest event without a place in the audit tree is older than this (R17). */
const AUDIT_LAG_MAX_MS = 60_000;

/**
 * What closes execute although the person may open it: an earlier gate has no authenticator of this installation, its person is no
 * longer permitted, or the audit log is behind.
 */
const executeRefusal = async (ctx: Context, stores: Stores, opened: readonly GateRow[]): Promise<Refusal | null> => {
  for (const earlier of opened) {
    const { gate, personId } = earlier;
    if (!isAuthentic(ctx, earlier))
      return refuse(
        'gate_not_authentic',
        `The ${gate} gate was not opened through this API. Edit the batch so that its gates are opened anew, or reject it.`,
        {
          extra: { gate },
        },
      ).refusal;
    if (!(await holds(ctx, stores, personId, GATE_PERMISSION[gate])))
      return refuse(
        'gate_holder_inactive',
        `The person who opened ${gate} is no longer permitted to. Reject the batch, or edit it so that its gates are opened anew.`,
        {
          extra: { gate },
        },
      ).refusal;
  }
  const { oldestMs } = await stores.audit.lag();
  if (oldestMs <= AUDIT_LAG_MAX_MS) return null;
  return refuse('audit_behind', 'The audit log has not caught up; see whether the worker runs, and try again.', {
    extra: { oldest_seconds: Math.round(oldestMs / 1000) },
  }).refusal;
};

const closedRefusal = (ctx: Context, frozenAt: Date | null): Refusal | null => {
  const frozen = frozenRefusal({ frozenAt });
  if (frozen) return frozen;
  return recoveryRefusal(ctx);
};

/** Accounts that a batch posts to. They are made here, because the worker may not make any. */
const POSTED_ACCOUNTS = ['held', 'paid_out', 'returns', 'suspense'] as const;

/** Refuses when the funding account lacks the money. Its balance stays true until the transaction ends, so nothing is used up before it is known (R16). */
const shortfallRefusal = async (stores: Stores, { batch, content }: GateFacts): Promise<Refusal | null> => {
  const others: string[] = [];
  for (const kind of POSTED_ACCOUNTS) others.push((await stores.accounts.ensure(kind, batch.currency)).id);
  const locked = await stores.accounts.lock([batch.fundingAccountId, ...others]);
  const available = locked.find(({ id }) => id === batch.fundingAccountId)?.balance ?? 0n;
  return refusalOfFunds({ batch, content }, available);
};

/** Refuses when this is too little for the batch and its fees, and says how much is missing. */
export const refusalOfFunds = ({ batch, content }: Pick<GateFacts, 'batch' | 'content'>, available: bigint): Refusal | null => {
  const shortfall = content.total + batch.feeMaximum - available;
  if (shortfall <= 0n) return null;
  return refuse('insufficient_funds', `The funding account lacks ${groupedMoney(shortfall, batch.currency)}. Top it up, then try again.`, {
    extra: {
      shortfall: Number(shortfall),
      available: Number(available),
      currency: batch.currency,
      funding_account: toWireId('account', batch.fundingAccountId),
    },
  }).refusal;
};

/** All writes of an opened gate, in lock order. Rules of the database check them once more (I4). */
const recordOpened = async (
  ctx: Context,
  stores: Stores,
  { batch, control, content }: GateFacts,
  challenge: ChallengeRow,
  { factorId, kind, timeStep, assertion }: ProvenFactor,
): Promise<void> => {
  const { newId } = ctx.services.entropy;
  const { gate, personId, contentVersion, digest } = challenge;
  const [gateId, eventId] = [newId(), stores.audit.newId()];
  await stores.challenges.markUsed(challenge.id);
  const holdId = newId();
  const held = gate === 'authorize' ? await stores.holds.place(holdId, batch.id, eventId) : null;
  const signed = assertion ?? { authenticatorData: null, clientData: null, signature: null };
  const row = {
    id: gateId,
    batchId: batch.id,
    gate,
    contentVersion,
    digest,
    personId,
    challengeId: challenge.id,
    factorId,
    timeStep,
    ...signed,
    eventId,
  };
  const authenticator = ctx.services.gateKey.authenticate(gateBytes(statementOf(ctx, row)));
  await stores.gates.insert({ ...row, authenticator });
  const { to: state } = BATCH_TRANSITIONS[GATE_VERB[gate]];
  const deadlineAt = gate === 'execute' ? null : gateDeadline(stores.now, batch.executeBy);
  await stores.batches.moveLocked(batch.id, control.rowVersion, { state, deadlineAt });
  await stores.outbox.add({ batchId: batch.id, message: 'gate_opened', gateId });
  await stores.audit.append({
    id: eventId,
    subject: { type: 'batch', id: batch.id },
    action: `gate.${gate}`,
    result: 'ok',
    detail: {
      gate_id: gateId,
      permission: GATE_PERMISSION[gate],
      challenge_id: challenge.id,
      challenge_sha256: toHex(challengeHashOf(ctx, challenge)),
      factor_id: factorId,
      factor_kind: kind,
      content_version: contentVersion,
      digest: toHex(digest),
      count: content.count,
      total: content.total.toString(),
      ...(held === null ? {} : { hold_id: holdId, held: held.toString() }),
    },
  });
};
