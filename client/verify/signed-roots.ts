import { openNote } from '../../domain/audit/checkpoint.js';
import { sameBytes } from '../../domain/hashing.js';
import { appendLeaves, EMPTY_FRONTIER, frontierRoot } from '../../domain/merkle-frontier.js';
import { readVerifierKey, sha256, verifyEd25519 } from './crypto.js';
import type { Findings } from './findings.js';

/**
 * Builds the tree of an export leaf by leaf and compares it with every signed root: of the checkpoints inside the export, and of
 * those that the auditor has. Memory holds the frontier of the tree and the checkpoints. Throws when the key is malformed.
 */
export const signedRoots = (verifierKey: string) => {
  const key = readVerifierKey(verifierKey);
  const roots = new Map<bigint, Uint8Array>();
  let frontier = EMPTY_FRONTIER;
  let newest: { size: bigint; root: Uint8Array; note: string } | null = null;
  let intact = 0n;
  let wrongAt: bigint | null = null;
  const matches = (): boolean => wrongAt === null;

  const compare = (): void => {
    const root = roots.get(frontier.size);
    if (!root || !matches()) return;
    if (sameBytes(frontierRoot(sha256, frontier), root)) intact = frontier.size;
    else wrongAt = frontier.size;
  };

  return {
    /** Adds a note, from the export or from the auditor. Returns its size; 0 when it proves nothing about this log. */
    sign: (note: string, origin: string, findings: Findings): number => {
      const checkpoint = openNote(note, key, verifyEd25519);
      if (checkpoint?.origin !== origin) {
        findings.add(
          'unsigned',
          checkpoint ? `a checkpoint is of another log: ${checkpoint.origin} instead of ${origin}` : `a checkpoint is not signed by ${key.name}`,
        );
        return 0;
      }
      const { size, root } = checkpoint;
      const other = roots.get(size);
      if (other && !sameBytes(other, root))
        findings.add('changed', `two checkpoints of size ${size} are signed with different roots: the log was rewritten`);
      roots.set(size, root);
      if (!newest || size > newest.size) newest = { size, root, note };
      return Number(size);
    },
    /** Adds the next leaf; only called while every leaf before was in its place. */
    grow: (leaf: Uint8Array): void => {
      if (!matches()) return;
      frontier = appendLeaves(sha256, frontier, [leaf]);
      compare();
    },
    newest: () => newest,
    /** How many leaves the newest matching checkpoint covers. */
    intact: () => Number(intact),
    /** `explained`: a more exact finding names the error already. */
    report: (findings: Findings, explained: boolean): void => {
      if (wrongAt === null || explained) return;
      const [from, to] = [Number(intact), Number(wrongAt) - 1];
      const indexes = Array.from({ length: Math.min(to - from + 1, 100) }, (_, i) => from + i);
      findings.add(
        'changed',
        `one of the records of indexes ${from} to ${to} was changed, moved or taken out together with all hashes: the root signed at size ${wrongAt} does not fit`,
        { indexes },
      );
    },
  };
};
