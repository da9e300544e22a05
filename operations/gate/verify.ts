import { auditLeaf } from '../../domain/audit/event.js';
import { challengeBytes, GATE_PERMISSION, GATES, type Gate, type GateStatement, gateBytes } from '../../domain/gate.js';
import { sameBytes, toHex } from '../../domain/hashing.js';
import { type Assertion, assertionBytes, isOriginOf } from '../../domain/passkey.js';
import type { Context } from '../context.js';
import { raiseException } from '../exception/raise.js';
import { permits } from '../membership/check.js';
import { isAuthenticPasskey } from '../passkey/authentic.js';
import type { Stores } from '../ports.js';
import type { ContentRow } from '../stores/batches.js';
import type { ChallengeRow } from '../stores/challenges.js';
import type { GateRow, StandingGate } from '../stores/gates.js';

/** What of a gate does not hold. */
interface GateFault {
  gate: Gate;
  fault: 'missing' | 'same_person' | 'authenticator' | 'person' | 'preparer' | 'factor' | 'event' | 'hold';
}

type GateVerdict =
  | { kind: 'valid'; executeGate: GateRow }
  /** They hold, but their events are not all under a published checkpoint yet (R15). */
  | { kind: 'unpublished' }
  | { kind: 'forged' };

/**
 * Whether the three gates of a batch let its content pass (R1, R9, R11): the worker asks before anything leaves. The database asks for
 * most of it when a gate opens; the authenticator alone is what nobody can write who has only the database. One statement (`standing`)
 * and a few HMACs and signatures, so it is asked anew for every chunk. What does not hold becomes an exception, with each gate and what is wrong with it.
 */
export const validGates = async (
  ctx: Context,
  stores: Stores,
  batchId: string,
  content: ContentRow,
  standing: readonly StandingGate[],
): Promise<GateVerdict> => {
  const onContent = standing.filter(({ gate }) => sameBytes(gate.digest, content.digest));
  const faults = [...setFaults(onContent), ...(await Promise.all(onContent.map((one) => faultsOf(ctx, one)))).flat()];
  const executeGate = onContent.find(({ gate }) => gate.gate === 'execute')?.gate;
  if (faults.length > 0 || !executeGate) {
    await raiseException(ctx, stores, { kind: 'gates_forged', batchId, detail: { faults: faults.map(({ gate, fault }) => `${gate}: ${fault}`) } });
    return { kind: 'forged' };
  }
  return onContent.every(({ published }) => published) ? { kind: 'valid', executeGate } : { kind: 'unpublished' };
};

/** Whether the row's authenticator is this installation's, over everything that the row says. A row of before authenticators has none. */
export const isAuthentic = (ctx: Context, gate: GateRow): boolean =>
  gate.authenticator !== null && ctx.services.gateKey.isAuthentic(gateBytes(statementOf(ctx, gate)), gate.authenticator);

/** All that a gate says, for its authenticator. */
export const statementOf = (ctx: Context, gate: Omit<GateRow, 'openedAt' | 'authenticator'>): GateStatement => {
  const assertion = assertionOf(gate);
  return { ...gate, tenantId: ctx.tenantId, assertionSha256: assertion && ctx.services.sha256(assertionBytes(assertion)) };
};

/** What a passkey signed to open the gate; null where a code did. */
export const assertionOf = ({ authenticatorData, clientData, signature }: Pick<GateRow, keyof Assertion>): Assertion | null =>
  authenticatorData && clientData && signature && { authenticatorData, clientData, signature };

/** What a passkey is asked to sign, and what the audit event names. */
export const challengeHashOf = (ctx: Context, challenge: Omit<ChallengeRow, 'usedAt' | 'cancelledAt'>): Uint8Array =>
  ctx.services.sha256(
    challengeBytes({ ...challenge, challengeId: challenge.id, tenantId: ctx.tenantId, expiresAt: challenge.expiresAt.toISOString() }),
  );

/** Three gates, by three people. */
const setFaults = (standing: readonly StandingGate[]): GateFault[] => {
  const seen = new Set<string>();
  const faults: GateFault[] = GATES.filter((name) => !standing.some(({ gate }) => gate.gate === name)).map((gate) => ({ gate, fault: 'missing' }));
  for (const { gate } of standing) {
    if (seen.has(gate.personId)) faults.push({ gate: gate.gate, fault: 'same_person' });
    seen.add(gate.personId);
  }
  return faults;
};

const faultsOf = async (ctx: Context, standing: StandingGate): Promise<GateFault[]> => {
  const { gate, prepared } = standing;
  const held: [GateFault['fault'], boolean][] = [
    ['authenticator', isAuthentic(ctx, gate)],
    ['person', permits(ctx, standing, GATE_PERMISSION[gate.gate])],
    ['preparer', gate.gate === 'execute' || !prepared],
    ['factor', await hasOwnFactor(ctx, standing)],
    ['event', hasOwnEvent(ctx, standing)],
    ['hold', gate.gate !== 'authorize' || hasOwnHold(standing)],
  ];
  return held.filter(([, holds]) => !holds).map(([fault]) => ({ gate: gate.gate, fault }));
};

/**
 * Of a code: its person's factor has used up the time step. Of a passkey: the key that this installation confirmed for its person signed, on a page of its
 * host, with presence and verification of the person, exactly the challenge of this gate and this content. Whoever exchanges the key, the row or what was
 * signed is found out.
 */
const hasOwnFactor = async (ctx: Context, { gate, lastStep, passkey }: StandingGate): Promise<boolean> => {
  if (gate.timeStep !== null) return lastStep !== null && lastStep >= gate.timeStep;
  const assertion = assertionOf(gate);
  if (!passkey || !assertion || !isAuthenticPasskey(ctx, { ...passkey, factorId: gate.factorId, personId: gate.personId })) return false;
  const signable = challengeHashOf(ctx, { ...gate, id: gate.challengeId, expiresAt: passkey.challengeExpiresAt });
  const verified = await ctx.services.passkeys.verifyAssertion(assertion, {
    ...passkey,
    isChallenge: (given) => sameBytes(given, signable),
    isOrigin: (origin) => isOriginOf(passkey.rpId, origin),
  });
  return verified !== null;
};

/** Its event is its person's own, names this gate and no other, and is what was hashed: in the row, and in the tree once it is there. */
const hasOwnEvent = (ctx: Context, { gate, event, treeLeaf }: StandingGate): boolean => {
  if (!event || event.action !== `gate.${gate.gate}` || event.result !== 'ok') return false;
  if (event.subject.type !== 'batch' || event.subject.id !== gate.batchId) return false;
  if (event.actor.type !== 'user' || event.actor.personId !== gate.personId) return false;
  const named = {
    gate_id: gate.id,
    challenge_id: gate.challengeId,
    factor_id: gate.factorId,
    content_version: gate.contentVersion,
    digest: toHex(gate.digest),
  };
  if (Object.entries(named).some(([member, value]) => event.detail[member] !== value)) return false;
  const leaf = auditLeaf(ctx.services.sha256, event);
  return leaf === event.leaf && (treeLeaf === null || leaf === toHex(treeLeaf));
};

/**
 * The hold of the content version is the one that this gate placed, to the cent. That it is total and fee maximum of what was signed, the
 * digest says: both are in its header, which is computed again before anything leaves (R3).
 */
const hasOwnHold = ({ event, hold }: StandingGate): boolean =>
  hold !== null && event !== null && event.detail['hold_id'] === hold.id && event.detail['held'] === hold.amount.toString();
