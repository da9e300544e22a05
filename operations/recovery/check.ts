import { type Sha256, sameBytes } from '../../domain/hashing.js';
import { appendLeaves, EMPTY_FRONTIER, frontierRoot } from '../../domain/merkle-frontier.js';
import type { CheckpointArchive } from '../ports.js';
import { type RecoverySwitch, recoverySwitch } from './mode.js';

/** Leaves that are held in memory at a time. */
const PAGE = 8_192n;

export interface RecoveryQuestion {
  sha256: Sha256;
  /** Every tenant's tree head as the database has it; `root` null for an empty tree. */
  heads: readonly { tenantId: string; size: bigint; root: Uint8Array | null }[];
  archive: Pick<CheckpointArchive, 'latest'>;
  /** Of the database; null when it was never set up. */
  installationId: string | null;
  keyFileInstallationId: string;
  /** Leaf hashes [from, to) of a tenant, in order. */
  leavesOf(tenantId: string, from: bigint, to: bigint): Promise<readonly Uint8Array[]>;
}

/**
 * May this process act on money (R15)? Compares the database with what was published outside it: an older copy put back,
 * a rewritten log, a foreign database or foreign keys mean recovery mode. Leaves are read only for a tenant whose last
 * events were sealed but not yet published.
 */
export const checkRecovery = async (question: RecoveryQuestion): Promise<RecoverySwitch> => {
  const { installationId, keyFileInstallationId } = question;
  if (installationId !== keyFileInstallationId)
    return recoverySwitch(
      `The database is of installation ${installationId ?? 'none'}, the key file of ${keyFileInstallationId}: one of the two is foreign. Point the process at the pair that belongs together.`,
    );
  for (const head of question.heads) {
    const wrong = await compareWithArchive(question, head);
    if (wrong) return recoverySwitch(wrong);
  }
  return recoverySwitch(null);
};

const compareWithArchive = async (question: RecoveryQuestion, head: RecoveryQuestion['heads'][number]): Promise<string | null> => {
  const where = `The audit log of workspace ${head.tenantId}`;
  let published: Awaited<ReturnType<CheckpointArchive['latest']>>;
  try {
    published = await question.archive.latest(head.tenantId);
  } catch (error) {
    return `${where} cannot be compared with its published checkpoints: ${error instanceof Error ? error.message : String(error)}`;
  }
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
