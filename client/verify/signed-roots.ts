import { openNote, parseOrigin } from '../../domain/audit/checkpoint.js';
import { sameBytes, toHex } from '../../domain/hashing.js';
import { appendLeaves, EMPTY_FRONTIER, frontierRoot } from '../../domain/merkle-frontier.js';
import { readVerifierKey, sha256, verifyEd25519 } from './crypto.js';
import type { Findings } from './findings.js';
import { type DeclaredGap, gapsOf, type Recovery } from './recoveries.js';

interface SignedRoot {
  generation: number;
  size: bigint;
  root: Uint8Array;
  note: string;
}

/**
 * Builds the tree of an export leaf by leaf and compares it with every signed root: of the checkpoints inside the export, and of
 * those that the auditor has. Memory holds the frontier of the tree and the checkpoints. Throws when the key is malformed.
 */
export const signedRoots = (verifierKey: string) => {
  const key = readVerifierKey(verifierKey);
  const signed: SignedRoot[] = [];
  /** The root of the log's own tree at each size that a checkpoint names. */
  const grown = new Map<bigint, Uint8Array>();
  const sizes = new Set<bigint>();
  let frontier = EMPTY_FRONTIER;
  let newest: SignedRoot | null = null;
  let intact = 0n;
  let wrongAt: bigint | null = null;

  /** Compares the tree with the checkpoints that belong to it. */
  const compare = (line: readonly SignedRoot[], findings: Findings): void => {
    const roots = new Map<bigint, Uint8Array>();
    for (const one of line) {
      const other = roots.get(one.size);
      if (other && !sameBytes(other, one.root))
        findings.add('changed', `two checkpoints of size ${one.size} are signed with different roots: the log was rewritten`);
      roots.set(one.size, one.root);
      if (!newest || one.size > newest.size) newest = one;
    }
    for (const [size, root] of [...roots].sort(([a], [b]) => Number(a - b))) {
      const own = grown.get(size);
      if (!own) continue;
      if (!sameBytes(own, root)) {
        wrongAt = size;
        return;
      }
      intact = size;
    }
  };

  return {
    /** Adds a note, from the export or from the auditor. Returns its size; 0 when it proves nothing about the log of this origin. */
    sign: (note: string, origin: string, findings: Findings): number => {
      const checkpoint = openNote(note, key, verifyEd25519);
      const [log, ours] = [checkpoint && parseOrigin(checkpoint.origin), parseOrigin(origin)];
      if (!checkpoint || !log || !ours || log.installation !== ours.installation || log.tenantId !== ours.tenantId) {
        findings.add(
          'unsigned',
          checkpoint ? `a checkpoint is of another log: ${checkpoint.origin} instead of ${origin}` : `a checkpoint is not signed by ${key.name}`,
        );
        return 0;
      }
      const { size, root } = checkpoint;
      if (log.generation > ours.generation) {
        findings.add(
          'cut_off',
          `a checkpoint is of generation ${log.generation}, but the log is in generation ${ours.generation}: it is of a database that was given up in a recovery`,
        );
        return 0;
      }
      signed.push({ generation: log.generation, size, root, note });
      sizes.add(size);
      return Number(size);
    },
    /** Adds the next leaf; only called while every leaf before was in its place. */
    grow: (leaf: Uint8Array): void => {
      frontier = appendLeaves(sha256, frontier, [leaf]);
      if (sizes.has(frontier.size)) grown.set(frontier.size, frontierRoot(sha256, frontier));
    },
    /**
     * Compares, once the whole log was read. Checkpoints that a recovery declares lost are no part of the tree; they are counted in its gap,
     * if they are within it. A recovery counts once its own event is under a checkpoint.
     */
    judge: (all: readonly Recovery[], findings: Findings): DeclaredGap[] => {
      const recovered = all.filter(({ generation, index }) =>
        signed.some((one) => index !== null && one.generation >= generation && one.size > BigInt(index)),
      );
      const gaps = gapsOf(recovered);
      compare(
        signed.filter((one) => !isLost(one, { recovered, gaps, findings })),
        findings,
      );
      return gaps;
    },
    newest: (): SignedRoot | null => newest,
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

/** Whether a recovery ended the part of the log that this checkpoint is of. Then it has to be in the gap that the recovery declares. */
const isLost = (
  { generation, size, root }: SignedRoot,
  { recovered, gaps, findings }: { recovered: readonly Recovery[]; gaps: readonly DeclaredGap[]; findings: Findings },
): boolean => {
  for (const { ended, eventId, generation: followedBy } of recovered) {
    const part = ended.find((one) => one.generation === generation);
    if (!part) continue;
    if (size <= part.kept) return false;
    const about = { eventIds: [eventId] };
    const named = `a checkpoint of generation ${generation} at size ${size}`;
    if (!part.lost || size > part.lost.size)
      findings.add(
        'cut_off',
        `${named} is in no declared gap: the recovery into generation ${followedBy} declares ${part.lost ? `events up to ${part.lost.size}` : 'none'} lost`,
        about,
      );
    else if (size === part.lost.size && toHex(root) !== part.lost.root)
      findings.add('changed', `${named} has another root than event ${eventId} declares lost`, about);
    else for (const gap of gaps) if (gap.generation === generation && gap.eventId === eventId) gap.checkpoints++;
    return true;
  }
  return false;
};
