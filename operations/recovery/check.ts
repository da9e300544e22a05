import { type Sha256, sameBytes } from '../../domain/hashing.js';
import { appendLeaves, EMPTY_FRONTIER, type Frontier, frontierRoot } from '../../domain/merkle-frontier.js';
import type { CheckpointArchive } from '../ports.js';
import { type RecoverySwitch, recoverySwitch } from './mode.js';

/** Leaves that are held in memory at a time. */
const PAGE = 8_192n;

export interface TreeHead {
  tenantId: string;
  size: bigint;
  /** Null for an empty tree. */
  root: Uint8Array | null;
  /** Largest size that the database itself recorded as published; 0 before the first. */
  recordedSize: bigint;
}

type Published = Awaited<ReturnType<CheckpointArchive['latest']>>;

export interface RecoveryQuestion {
  sha256: Sha256;
  /** Every tenant's tree head as the database has it now. */
  heads(): Promise<readonly TreeHead[]>;
  archive: Pick<CheckpointArchive, 'latest'>;
  /** Of the database; null when it was never set up. */
  installationId: string | null;
  keyFileInstallationId: string;
  /** Leaf hashes [from, to) of a tenant, in order. */
  leavesOf(tenantId: string, from: bigint, to: bigint): Promise<readonly Uint8Array[]>;
}

/** Edges of logs as an earlier comparison proved them, each short of the last leaf that was published. */
export type ProvenEdges = Map<string, Frontier>;

/**
 * May this process act on money (R15)? Compares the database with what was published outside it: an older copy put back,
 * a rewritten log, a foreign database, foreign keys or an archive that is not the one published to mean recovery mode.
 *
 * A healthy system publishes and seals meanwhile, so what each side is held against is read in its order: the database's record
 * of what was published, then the archive, which is never behind that record, then the heads, which are never behind the archive.
 *
 * Leaves are read only for a tenant whose last events were sealed but not yet published. Who compares again and again
 * hands in the same `proven` each time: then only leaves since are read, and the last one of before, which is another
 * one in an older copy that has grown.
 *
 * Throws when database or archive can't be read: nothing was compared then.
 */
export const checkRecovery = async (question: RecoveryQuestion, proven: ProvenEdges = new Map()): Promise<RecoverySwitch> => {
  const { installationId, keyFileInstallationId } = question;
  if (installationId !== keyFileInstallationId)
    return recoverySwitch(
      `The database is of installation ${installationId ?? 'none'}, the key file of ${keyFileInstallationId}: one of the two is foreign. Point the process at the pair that belongs together.`,
    );
  const published = new Map<string, Published>();
  for (const { tenantId, recordedSize } of await question.heads()) {
    try {
      const latest = await question.archive.latest(tenantId);
      const lost = whatIsLost(tenantId, recordedSize, latest);
      if (lost) return recoverySwitch(lost);
      published.set(tenantId, latest);
    } catch (error) {
      if (isUnreadable(error)) throw error;
      const words = error instanceof Error ? error.message : String(error);
      return recoverySwitch(`${logOf(tenantId)} cannot be compared with its published checkpoints: ${words}`);
    }
  }
  for (const head of await question.heads()) {
    const wrong = await compare(question, head, published.get(head.tenantId) ?? null, proven);
    if (wrong) return recoverySwitch(wrong);
  }
  return recoverySwitch(null);
};

/** A system call failed: the archive is out of reach, and says nothing. */
const isUnreadable = (error: unknown): boolean => typeof (error as { syscall?: unknown }).syscall === 'string';

/** A checkpoint is published first and recorded afterwards (ADR 0028), so an archive that lacks a recorded one lost it, or is another. */
const whatIsLost = (tenantId: string, recordedSize: bigint, latest: Published): string | null => {
  if ((latest?.size ?? 0n) >= recordedSize) return null;
  const held = latest
    ? `the newest checkpoint in SLUICE_CHECKPOINT_DIR is of ${latest.size} events`
    : 'SLUICE_CHECKPOINT_DIR holds no checkpoint of it';
  return `${logOf(tenantId)} was published up to ${recordedSize} events, but ${held}. Point SLUICE_CHECKPOINT_DIR at the folder that was published to, or put that folder back, then start again.`;
};

/** Comparisons of one process, one after the other: each reads only what is new since the one before. */
export const comparisons = (question: () => Promise<RecoveryQuestion>): (() => Promise<RecoverySwitch>) => {
  const proven: ProvenEdges = new Map();
  return async () => checkRecovery(await question(), proven);
};

const logOf = (tenantId: string): string => `The audit log of workspace ${tenantId}`;

const compare = async (question: RecoveryQuestion, head: TreeHead, published: Published, proven: ProvenEdges): Promise<string | null> => {
  const where = logOf(head.tenantId);
  if (!published) return null;
  if (head.size < published.size)
    return `${where} holds ${head.size} events, but ${published.size} were published outside the database: an older copy was put back. Nothing is sent until a person has looked.`;
  const atHead = head.size === published.size;
  const edge = atHead ? null : await edgeBefore(question, head.tenantId, published.size, proven.get(head.tenantId));
  const root = atHead ? head.root : edge && (await rootAfter(question, head.tenantId, edge));
  if (!root || !sameBytes(root, published.root))
    return `${where} does not contain what was published at ${published.size} events: it was rewritten. Nothing is sent until a person has looked.`;
  if (edge) proven.set(head.tenantId, edge);
  return null;
};

/** The tree over all of the tenant's first `size` leaves but the last, or null when they are not all there. */
const edgeBefore = async (
  { sha256, leavesOf }: RecoveryQuestion,
  tenantId: string,
  size: bigint,
  proven: Frontier = EMPTY_FRONTIER,
): Promise<Frontier | null> => {
  // An archive that shows less than before was cut off: then nothing counts as proven.
  let edge = proven.size < size ? proven : EMPTY_FRONTIER;
  while (edge.size < size - 1n) {
    const to = edge.size + PAGE < size ? edge.size + PAGE : size - 1n;
    const leaves = await leavesOf(tenantId, edge.size, to);
    if (BigInt(leaves.length) !== to - edge.size) return null;
    edge = appendLeaves(sha256, edge, leaves);
  }
  return edge;
};

const rootAfter = async ({ sha256, leavesOf }: RecoveryQuestion, tenantId: string, edge: Frontier): Promise<Uint8Array | null> => {
  const last = await leavesOf(tenantId, edge.size, edge.size + 1n);
  return last.length === 1 ? frontierRoot(sha256, appendLeaves(sha256, edge, last)) : null;
};
