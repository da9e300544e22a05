import { auditLeaf } from '../../domain/audit/event.js';
import { GATE_PERMISSION, GATES, type Gate, gateBytes } from '../../domain/gate.js';
import { sameBytes, toHex } from '../../domain/hashing.js';
import type { Context } from '../context.js';
import { raiseException } from '../exception/raise.js';
import { permits } from '../membership/check.js';
import type { Stores } from '../ports.js';
import type { ContentRow } from '../stores/batches.js';
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
 * and three HMACs, so it is asked anew for every chunk. What does not hold becomes an exception, with each gate and what is wrong with it.
 */
export const validGates = async (
  ctx: Context,
  stores: Stores,
  batchId: string,
  content: ContentRow,
  standing: readonly StandingGate[],
): Promise<GateVerdict> => {
  const onContent = standing.filter(({ gate }) => sameBytes(gate.digest, content.digest));
  const faults = [...setFaults(onContent), ...onContent.flatMap((one) => faultsOf(ctx, one))];
  const executeGate = onContent.find(({ gate }) => gate.gate === 'execute')?.gate;
  if (faults.length > 0 || !executeGate) {
    await raiseException(ctx, stores, { kind: 'gates_forged', batchId, detail: { faults: faults.map(({ gate, fault }) => `${gate}: ${fault}`) } });
    return { kind: 'forged' };
  }
  return onContent.every(({ published }) => published) ? { kind: 'valid', executeGate } : { kind: 'unpublished' };
};

/** Whether the row's authenticator is this installation's, over everything that the row says. A row of before authenticators has none. */
export const isAuthentic = (ctx: Context, gate: GateRow): boolean =>
  gate.authenticator !== null && ctx.services.gateKey.isAuthentic(gateBytes({ ...gate, tenantId: ctx.tenantId }), gate.authenticator);

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

const faultsOf = (ctx: Context, standing: StandingGate): GateFault[] => {
  const { gate, prepared, lastStep } = standing;
  const held: [GateFault['fault'], boolean][] = [
    ['authenticator', isAuthentic(ctx, gate)],
    ['person', permits(ctx, standing, GATE_PERMISSION[gate.gate])],
    ['preparer', gate.gate === 'execute' || !prepared],
    ['factor', lastStep !== null && lastStep >= gate.timeStep],
    ['event', hasOwnEvent(ctx, standing)],
    ['hold', gate.gate !== 'authorize' || hasOwnHold(standing)],
  ];
  return held.filter(([, holds]) => !holds).map(([fault]) => ({ gate: gate.gate, fault }));
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
