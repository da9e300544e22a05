import { type Sha256, sameBytes } from '../../domain/hashing.js';
import { appendLeaves, EMPTY_FRONTIER, type Frontier, frontierRoot } from '../../domain/merkle-frontier.js';
import type { CheckpointArchive } from '../ports.js';
import { type RecoverySwitch, recoverySwitch } from './mode.js';

/** Most leaves in memory at a time. */
const PAGE = 8_192n;

export interface TreeHead {
  tenantId: string;
  /** The generation of the log. */
  generation: number;
  size: bigint;
  /** Null for an empty tree. */
  root: Uint8Array | null;
  /** Largest size that the database itself recorded as published; 0 before the first. */
  recordedSize: bigint;
}

type Latest = Awaited<ReturnType<CheckpointArchive['latest']>>;

/** What the archive has of one log. */
interface Published {
  generation: number;
  latest: Latest;
}

export interface RecoveryQuestion {
  sha256: Sha256;
  /** Every tenant's tree head as the database has it now. */
  heads(): Promise<readonly TreeHead[]>;
  archive: Pick<CheckpointArchive, 'latest' | 'generation'>;
  /** Of the database; null when it was never set up. */
  installationId: string | null;
  keyFileInstallationId: string;
  /** Leaf hashes [from, to) of a tenant, in order. */
  leavesOf(tenantId: string, from: bigint, to: bigint): Promise<readonly Uint8Array[]>;
}

/** By tenant, the edge of the log that an earlier comparison proved: over all published leaves except the last. */
export type ProvenEdges = Map<string, Frontier>;

/**
 * May this process act on money (R15)? Compares the database with what was published outside it. It answers recovery mode when an
 * older copy was put back, the log was rewritten, the database was given up in a recovery, or the database, the keys or the archive
 * belong to another installation.
 *
 * Events are sequenced and published meanwhile, so the reads have an order: first the database's record of what was published, then
 * the archive, which is never behind that record, then the heads, which are never behind the archive.
 *
 * Leaves are read only for a tenant that has sequenced events since its last checkpoint. A caller that compares repeatedly passes the
 * same `proven` each time. Then only new leaves are read, and the last one before them, which differs in an older copy that has grown.
 *
 * Throws when the database or the archive cannot be read: then nothing was compared.
 */
export const checkRecovery = async (question: RecoveryQuestion, proven: ProvenEdges = new Map()): Promise<RecoverySwitch> => {
  const { installationId, keyFileInstallationId } = question;
  if (installationId !== keyFileInstallationId)
    return recoverySwitch(
      `The database is of installation ${installationId ?? 'none'}, the key file of ${keyFileInstallationId}: one of the two is foreign. Point the process at the pair that belongs together.`,
    );
  const published = new Map<string, Published>();
  for (const { tenantId, generation, recordedSize } of await question.heads()) {
    try {
      const archived = { generation: await question.archive.generation(tenantId), latest: await question.archive.latest(tenantId) };
      const lost = whatIsLost(tenantId, { generation, recordedSize }, archived);
      if (lost) return recoverySwitch(lost);
      published.set(tenantId, archived);
    } catch (error) {
      if (isUnreadable(error)) throw error;
      const words = error instanceof Error ? error.message : String(error);
      return recoverySwitch(`${logOf(tenantId)} cannot be compared with its published checkpoints: ${words}`);
    }
  }
  for (const head of await question.heads()) {
    const archived = published.get(head.tenantId);
    const wrong = archived && (whyGivenUp(head, archived.generation) ?? (await compare(question, head, archived.latest, proven)));
    if (wrong) return recoverySwitch(wrong);
  }
  return recoverySwitch(null);
};

/** A system call failed: the archive cannot be reached, which proves nothing about the log. */
const isUnreadable = (error: unknown): boolean => typeof (error as { syscall?: unknown }).syscall === 'string';

/**
 * Checkpoints are published, and generations begun, before they are recorded (ADR 0028, 0050). So an archive that lacks a recorded one has
 * lost it, or is another archive.
 */
const whatIsLost = (
  tenantId: string,
  { generation, recordedSize }: Pick<TreeHead, 'generation' | 'recordedSize'>,
  { generation: archived, latest }: Published,
): string | null => {
  const back = 'Point SLUICE_CHECKPOINT_DIR at the folder that was published to, or put that folder back, then start again.';
  if (archived < generation) return `${logOf(tenantId)} is in generation ${generation}, but SLUICE_CHECKPOINT_DIR knows of ${archived} only. ${back}`;
  // The archive of a later generation rightly lacks what was published before it: `whyGivenUp` decides.
  if (archived > generation || (latest?.size ?? 0n) >= recordedSize) return null;
  const held = latest
    ? `the newest checkpoint in SLUICE_CHECKPOINT_DIR is of ${latest.size} events`
    : 'SLUICE_CHECKPOINT_DIR holds no checkpoint of it';
  return `${logOf(tenantId)} was published up to ${recordedSize} events, but ${held}. ${back}`;
};

/** Why a database that is behind the archive's generation does not act, in a sentence; null when it is not behind. */
export const whyGivenUp = ({ tenantId, generation }: Pick<TreeHead, 'tenantId' | 'generation'>, archived: number): string | null =>
  generation >= archived
    ? null
    : `${logOf(tenantId)} is in generation ${generation} here, but generation ${archived} was begun outside the database when the workspace was recovered: this database was given up then, or its recovery has not ended. Nothing is sent until a person has looked.`;

/** Repeated comparisons of one process: each reads only what is new since the one before. */
export const comparisons = (question: () => Promise<RecoveryQuestion>): (() => Promise<RecoverySwitch>) => {
  const proven: ProvenEdges = new Map();
  return async () => checkRecovery(await question(), proven);
};

const logOf = (tenantId: string): string => `The audit log of workspace ${tenantId}`;

const compare = async (question: RecoveryQuestion, head: TreeHead, published: Latest, proven: ProvenEdges): Promise<string | null> => {
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

/** The tree over the tenant's first `size` leaves except the last, or null when some are missing. */
const edgeBefore = async (
  { sha256, leavesOf }: RecoveryQuestion,
  tenantId: string,
  size: bigint,
  proven: Frontier = EMPTY_FRONTIER,
): Promise<Frontier | null> => {
  // An archive that has less than before was cut off: then nothing counts as proven.
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
