import { GATES } from '../../domain/gate.js';
import { sameBytes } from '../../domain/hashing.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { BatchRow, ContentRow, ControlRow } from '../stores/batches.js';
import type { GateRow } from '../stores/gates.js';
import type { WorkspaceRow } from '../stores/workspaces.js';

export const HALTS = ['recovery_mode', 'not_executing', 'paused', 'cancelling', 'frozen', 'integrity_failed', 'gates_missing'] as const;
/** Why nothing of this batch may leave now; a wake-up follows when it changes. */
export type Halt = (typeof HALTS)[number];

export interface Permitted {
  kind: 'permitted';
  batch: BatchRow;
  control: ControlRow;
  content: ContentRow;
  mode: WorkspaceRow['mode'];
  /** The gate whose digest is what may be spent (R3). */
  executeGate: GateRow;
  /** True when the time to pay has passed: what has not left is set aside. */
  late: boolean;
}

export type Permit = Permitted | { kind: 'halted'; halt: Halt } | { kind: 'wait'; reason: 'checkpoint' | 'not_before'; afterMs: number };

/** How soon to look again whether the gates stand under a published checkpoint. */
const CHECKPOINT_POLL_MS = 100;

/**
 * May this batch's money leave now (R1)? Holds control and workspace FOR SHARE until the transaction ends, so that
 * a pause, cancel or freeze waits for who has read, and who reads later sees it.
 */
export const permitSending = async (ctx: Context, stores: Stores, batchId: string): Promise<Permit> => {
  if (ctx.services.recovery.reason() !== null) return { kind: 'halted', halt: 'recovery_mode' };
  const control = await stores.batches.lockShared(batchId);
  const workspace = await stores.workspaces.lockShared();
  const batch = await stores.batches.get(batchId);
  if (!control || !batch || control.state !== 'executing') return { kind: 'halted', halt: 'not_executing' };
  const halt = haltOf(control, workspace);
  if (halt) return { kind: 'halted', halt };

  const content = await stores.batches.content(batchId, control.contentVersion);
  const executeGate = content ? validExecuteGate(content, await stores.gates.open(batchId, control.contentVersion)) : null;
  if (!content || !executeGate) return { kind: 'halted', halt: 'gates_missing' };
  if (batch.executeNotBefore && stores.now < batch.executeNotBefore)
    return { kind: 'wait', reason: 'not_before', afterMs: batch.executeNotBefore.getTime() - stores.now.getTime() };
  if (!(await stores.gates.underCheckpoint(batchId, control.contentVersion)))
    return { kind: 'wait', reason: 'checkpoint', afterMs: CHECKPOINT_POLL_MS };
  const late = batch.executeBy !== null && stores.now >= batch.executeBy;
  return { kind: 'permitted', batch, control, content, mode: workspace.mode, executeGate, late };
};

const haltOf = (control: ControlRow, workspace: WorkspaceRow): Halt | null => {
  if (control.integrityFailedAt) return 'integrity_failed';
  if (control.cancellingAt) return 'cancelling';
  if (control.pausedAt) return 'paused';
  return workspace.frozenAt ? 'frozen' : null;
};

/** The execute gate, when all three stand, by three people, on this content. */
const validExecuteGate = (content: ContentRow, gates: readonly GateRow[]): GateRow | null => {
  const valid = gates.filter((gate) => gate.contentVersion === content.contentVersion && sameBytes(gate.digest, content.digest));
  const people = new Set(valid.map((gate) => gate.personId));
  if (!GATES.every((name) => valid.some((gate) => gate.gate === name)) || people.size !== GATES.length) return null;
  return valid.find((gate) => gate.gate === 'execute') ?? null;
};
