import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { sameBytes } from '../domain/hashing.js';
import type { CheckpointArchive, CheckpointSigner, Failpoint } from '../operations/ports.js';
import { whyGivenUp } from '../operations/recovery/check.js';
import type { RecoverySwitch } from '../operations/recovery/mode.js';
import type { SequencingStore, TreeHead } from '../operations/stores/sequencing.js';
import { bell, listen } from './sequencer-wake.js';

/** Most events that one transaction sequences. */
const GROUP = 5_000;
/** Longest time between two passes, for notifications that were lost. */
const POLL_MS = 1_000;
/** Shortest time between two passes: under load a tenant gets at most five checkpoints a second, and payments are not held up. */
const GATHER_MS = 200;

export interface SequencerParts {
  store: SequencingStore;
  /** Postgres without a transaction pool, in the sequencer's role, for LISTEN. */
  directUrl: string;
  signer: CheckpointSigner;
  archive: CheckpointArchive;
  recovery: RecoverySwitch;
  failpoint: Failpoint;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
  signal: AbortSignal;
}

/**
 * Fills every tenant's tree and publishes its signed head (R17), until the signal aborts. Many may run: a tenant is
 * sequenced by one at a time. An event of an idle log is sequenced and published at once. Expects that `checkRecovery` has
 * compared the database with the archive; enters recovery mode when the two contradict each other later (R15).
 */
export const runSequencer = async (parts: SequencerParts): Promise<void> => {
  const { signal, log } = parts;
  const { ring, rung } = bell(signal);
  listen(parts.directUrl, 'sluice_audit', ring, { log, signal });
  const sequence = sequencerPass(parts);
  let polledAt = 0;
  while (!signal.aborted) {
    const startedAt = performance.now();
    const polls = polledAt === 0 || startedAt - polledAt >= POLL_MS;
    if (polls) polledAt = startedAt;
    try {
      await sequence(polls ? 'all_heads' : 'own_heads');
    } catch (error) {
      log.error({ err: error }, 'sequencing failed; it is tried again');
      await pause(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
    await rung(POLL_MS);
    const rest = GATHER_MS - (performance.now() - startedAt);
    if (rest > 0) await pause(rest, undefined, { signal }).catch(() => undefined);
  }
};

/**
 * One pass: sequences the events that wait, then publishes the new heads (`own_heads`), or also those that another process left
 * unpublished when it died (`all_heads`).
 */
export const sequencerPass = (parts: Omit<SequencerParts, 'directUrl' | 'signal'>): ((reach: 'own_heads' | 'all_heads') => Promise<void>) => {
  const { store, recovery, failpoint, log } = parts;
  const publish = publisher(parts);
  return async (reach) => {
    if (recovery.reason()) return;
    const heads = new Map<string, TreeHead>();
    for (const tenantId of await store.waiting()) {
      // A damaged log stops the payments of its own tenant only.
      const head = await sequenceAll(store, tenantId).catch((error: unknown) => {
        log.error({ err: error, tenant_id: tenantId }, 'the events of a log were not sequenced; it is tried again');
        return null;
      });
      if (head) heads.set(tenantId, head);
    }
    if (heads.size > 0) await failpoint('in_sequencer');
    if (reach === 'all_heads') {
      await publish.compare(await store.heads());
      for (const head of await store.unpublished()) heads.set(head.tenantId, head);
    }
    for (const head of heads.values()) {
      if (recovery.reason()) return;
      await publish
        .one(head)
        .catch((error: unknown) => log.error({ err: error, tenant_id: head.tenantId }, 'a checkpoint was not published; it is tried again'));
    }
  };
};

/** The head after the last group that this call committed; null when there was none. */
const sequenceAll = async (store: SequencingStore, tenantId: string): Promise<TreeHead | null> => {
  for (let head: TreeHead | null = null; ; ) {
    const group = await store.sequence(tenantId, GROUP);
    if (group.kind === 'busy' || group.count === 0) return head;
    head = group.head;
    if (group.count < GROUP) return head;
  }
};

const publisher = ({ store, signer, archive, recovery }: Omit<SequencerParts, 'directUrl' | 'signal'>) => {
  /** What this process saw published. A head that falls behind it means that an older copy of the database was put back. */
  const published = new Map<string, PublishedTree>();

  const compare = async (heads: readonly TreeHead[]): Promise<void> => {
    for (const head of heads) {
      const seen = published.get(head.tenantId);
      const contradiction = seen && head.size < seen.size ? await contradictionOf(store, head, seen) : null;
      if (contradiction) recovery.enter(contradiction);
    }
  };

  const one = async (head: TreeHead): Promise<void> => {
    const { tenantId, size, root } = head;
    const givenUp = whyGivenUp(head, await archive.generation(tenantId));
    if (givenUp) return recovery.enter(givenUp);
    const before = published.get(tenantId) ?? (await archive.latest(tenantId));
    if (before && size <= before.size) {
      const contradiction = await contradictionOf(store, head, before);
      if (contradiction) return recovery.enter(contradiction);
    }
    const note = signer.sign(head, size, root);
    try {
      await archive.publish(tenantId, size, note);
    } catch (error) {
      const newest = await archive.latest(tenantId).catch(() => null);
      const contradiction = newest ? await contradictionOf(store, head, newest) : null;
      if (!contradiction) throw error;
      return recovery.enter(contradiction);
    }
    if (!before || before.size < size) published.set(tenantId, { size, root });
    await store.recordPublished(head, note);
  };

  return { compare, one };
};

type PublishedTree = Pick<TreeHead, 'size' | 'root'>;

/** How a committed head contradicts a published one, in a sentence; null when it does not. Another sequencer may be ahead. */
const contradictionOf = async (store: SequencingStore, head: TreeHead, published: PublishedTree): Promise<string | null> => {
  const now = (await store.head(head.tenantId)) ?? head;
  const log = `The audit log of workspace ${head.tenantId}`;
  if (now.size < published.size)
    return `${log} holds ${now.size} events, but ${published.size} were published outside the database: an older copy was put back.`;
  const same = [head, now].filter(({ size }) => size === published.size);
  if (same.some(({ root }) => !sameBytes(root, published.root)))
    return `${log} does not contain what was published at ${published.size} events: it was rewritten.`;
  return null;
};
