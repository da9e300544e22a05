import { type Sha256, sameBytes } from '../../domain/hashing.js';
import { appendLeaves, EMPTY_FRONTIER, frontierRoot } from '../../domain/merkle-frontier.js';
import type { CheckpointArchive } from '../ports.js';
import { type RecoverySwitch, recoverySwitch } from './mode.js';

/** Leaves that are held in memory at a time. */
const PAGE = 8_192n;

export interface TreeHead {
  tenantId: string;
  size: bigint;
  /** Null for an empty tree. */
  root: Uint8Array | null;
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

/**
 * May this process act on money (R15)? Compares the database with what was published outside it: an older copy put back,
 * a rewritten log, a foreign database or foreign keys mean recovery mode. The archive is read before the heads that it is
 * held against: what is published meanwhile can't make a healthy database look behind. Leaves are read only for a tenant
 * whose last events were sealed but not yet published.
 */
export const checkRecovery = async (question: RecoveryQuestion): Promise<RecoverySwitch> => {
  const { installationId, keyFileInstallationId } = question;
  if (installationId !== keyFileInstallationId)
    return recoverySwitch(
      `The database is of installation ${installationId ?? 'none'}, the key file of ${keyFileInstallationId}: one of the two is foreign. Point the process at the pair that belongs together.`,
    );
  const published = new Map<string, Published>();
  for (const { tenantId } of await question.heads()) {
    try {
      published.set(tenantId, await question.archive.latest(tenantId));
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      return recoverySwitch(`${logOf(tenantId)} cannot be compared with its published checkpoints: ${words}`);
    }
  }
  for (const head of await question.heads()) {
    const wrong = await compare(question, head, published.get(head.tenantId) ?? null);
    if (wrong) return recoverySwitch(wrong);
  }
  return recoverySwitch(null);
};

const logOf = (tenantId: string): string => `The audit log of workspace ${tenantId}`;

const compare = async (question: RecoveryQuestion, head: TreeHead, published: Published): Promise<string | null> => {
  const where = logOf(head.tenantId);
  if (!published) return null;
  if (head.size < published.size)
    return `${where} holds ${head.size} events, but ${published.size} were published outside the database: an older copy was put back. Nothing is sent until a person has looked.`;
  const root = head.size === published.size ? head.root : await rootOf(question, head.tenantId, published.size);
  if (root && sameBytes(root, published.root)) return null;
  return `${where} does not contain what was published at ${published.size} events: it was rewritten. Nothing is sent until a person has looked.`;
};

/** Root of the tenant's first `size` leaves, or null when they are not all there. */
const rootOf = async ({ sha256, leavesOf }: RecoveryQuestion, tenantId: string, size: bigint): Promise<Uint8Array | null> => {
  let frontier = EMPTY_FRONTIER;
  while (frontier.size < size) {
    const to = frontier.size + PAGE < size ? frontier.size + PAGE : size;
    const leaves = await leavesOf(tenantId, frontier.size, to);
    if (BigInt(leaves.length) !== to - frontier.size) return null;
    frontier = appendLeaves(sha256, frontier, leaves);
  }
  return frontierRoot(sha256, frontier);
};
