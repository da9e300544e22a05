import { chunkCount, rangeOf } from '../../domain/batch/content.js';
import { fromItemId } from '../../domain/ids.js';
import type { PaymentOutcome } from '../../domain/item/evidence.js';
import { isTerminalItem } from '../../domain/item/states.js';
import type { Context } from '../context.js';
import { openException } from '../exception/raise.js';
import { openConnection } from '../rail-connection/open.js';
import { settleEvidence } from '../settlement/settle.js';
import type { OpenBatch } from '../stores/recoveries.js';
import { recordDoubt } from './record-doubt.js';

/** The provider's clock may be behind, and a payment may show later than it was taken in. */
const MARGIN_MS = 3_600_000;

export interface Recovered {
  /** Items that are in doubt now. */
  doubtful: number;
  /** Payments that the providers reported, and how many items moved by them. */
  reported: number;
  settled: number;
  /** Batches that do not execute yet and whose chunks will be looked up instead of sent. */
  marked: number;
  /** Executing batches that wait until somebody resumes them. */
  paused: number;
  /** Rail connections that could not say what they have. */
  silent: number;
}

/**
 * Brings a restored workspace back to what the providers know (R15): puts every open item of every executing batch in doubt, asks each rail
 * what it has since the backup and settles that, pauses what is left, and marks batches that may have been executed since. It may run any
 * number of times and die anywhere: each step finds what was done, and a dispatch of purpose `recovery` that is younger than `confirmedAt`
 * is this one's. People hear of each connection that could not say what it has.
 */
export const recoverWorkspace = async (
  ctx: Context,
  { proposalId, confirmedAt, knownUntil }: { proposalId: string; confirmedAt: Date; knownUntil: Date },
): Promise<Recovered> => {
  const batches = await ctx.inTenant((stores) => stores.recoveries.openBatches());
  let doubtful = 0;
  // Before anything is asked: an item in doubt can be neither withdrawn nor sent, and evidence settles it.
  for (const batch of batches) if (batch.state === 'executing') doubtful += await putInDoubt(ctx, batch, confirmedAt, knownUntil);
  const heard = await importSince(ctx, knownUntil);
  let paused = 0;
  for (const batch of batches) if (batch.state === 'executing' && (await pauseWhatIsLeft(ctx, batch, proposalId))) paused += 1;
  const waiting = batches.filter(({ state }) => state !== 'executing');
  // A batch of which the settings that it is paid through have answered, and know nothing, was not executed.
  const marked = waiting.filter(
    ({ batchId, connectionId, connectionVersion }) => heard.batches.has(batchId) || heard.silent.get(connectionId)?.includes(connectionVersion),
  );
  await ctx.inTenant(async (stores) => {
    for (const { batchId } of marked) await stores.recoveries.mark({ batchId, proposalId, knownUntil });
    const alerts: (() => Promise<void>)[] = [];
    for (const [connectionId, versions] of heard.silent)
      alerts.push((await openException(ctx, stores, { kind: 'recovery_unheard', connectionId, detail: { versions } })).alert);
    for (const alert of alerts) await alert();
  });
  return { doubtful, reported: heard.reported, settled: heard.settled, marked: marked.length, paused, silent: heard.silent.size };
};

/** Puts the open items of a batch in doubt, chunk by chunk, and answers how many there are. */
const putInDoubt = async (ctx: Context, { batchId }: OpenBatch, confirmedAt: Date, knownUntil: Date): Promise<number> => {
  // Neither changes in recovery mode.
  const view = await ctx.inTenant((stores) => stores.batches.view(batchId));
  if (!view?.content) return 0;
  const { batch, content } = view;
  let count = 0;
  for (let chunk = 0; chunk < chunkCount(content.size, batch.chunkSize); chunk++)
    count += await ctx.inTenant(async (stores) => {
      await stores.chunks.lockToSettle(batchId, [chunk]);
      const dispatches = await stores.dispatches.ofChunks(batchId, [chunk]);
      const newest = dispatches.at(-1);
      const { from, to } = rangeOf(chunk, batch.chunkSize, content.size);
      const items = (await stores.items.range(batchId, from, to)).filter(({ state }) => !isTerminalItem(state));
      if (items.length === 0) return 0;
      const done = newest?.purpose === 'recovery' && newest.createdAt >= confirmedAt;
      if (!done) await recordDoubt(ctx, stores, batch, { chunk, from, to, items, attempt: (newest?.attempt ?? 0) + 1, knownUntil });
      return items.length;
    });
  return count;
};

/**
 * Pauses an executing batch that has open items, and answers whether it is paused. Somebody may have paused or cancelled it in the time that
 * was lost, or have held a payee, so nothing more of it leaves until a person resumes it. Lookups go on.
 */
const pauseWhatIsLeft = (ctx: Context, { batchId }: OpenBatch, proposalId: string): Promise<boolean> =>
  ctx.inTenant(async (stores) => {
    // Paused in the backup already, or by this recovery before it was broken off: it waits for the same person.
    if ((await stores.batches.lock(batchId))?.pausedAt) return true;
    if (!(await stores.recoveries.pause(batchId, PAUSED_BECAUSE))) return false;
    await stores.outbox.add({ batchId, message: 'batch_changed' });
    await stores.audit.append({
      subject: { type: 'batch', id: batchId },
      action: 'batch.pause',
      result: 'ok',
      detail: { state: 'executing', proposal_id: proposalId },
    });
    return true;
  });

const PAUSED_BECAUSE = 'A backup was put back: a pause or cancel since then is lost. Resume the batch if it shall go on.';

interface Heard {
  reported: number;
  settled: number;
  /** Batches that a provider has payments of. */
  batches: Set<string>;
  /** Rail connections that did not answer, or can't be opened and asked, with the versions of their settings. */
  silent: Map<string, number[]>;
}

/** Asks every rail connection, in every version of its settings, what it has since the backup, and settles that. */
const importSince = async (ctx: Context, knownUntil: Date): Promise<Heard> => {
  const heard: Heard = { reported: 0, settled: 0, batches: new Set(), silent: new Map() };
  const unheard = (connectionId: string, version: number) => heard.silent.set(connectionId, [...(heard.silent.get(connectionId) ?? []), version]);
  const since = new Date(Math.max(0, knownUntil.getTime() - MARGIN_MS));
  for (const { connectionId, version } of await ctx.inTenant((stores) => stores.recoveries.connections())) {
    // One whose credentials don't open keeps no other from being asked.
    const opened = await ctx.inTenant((stores) => openConnection(ctx, stores, connectionId, version)).catch(() => null);
    if (!opened) {
      unheard(connectionId, version);
      continue;
    }
    for (let after: string | null = null; ; ) {
      const page = await opened.rail.listSince(opened.connection, since, after);
      if ('unavailable' in page) {
        unheard(connectionId, version);
        break;
      }
      for (const [batchId, outcomes] of byBatch(page.outcomes)) {
        const { moved } = await settleEvidence(ctx, { batchId, connectionId, source: 'lookup', outcomes });
        heard.batches.add(batchId);
        heard.reported += outcomes.length;
        heard.settled += moved;
      }
      if (page.next === null) break;
      after = page.next;
    }
  }
  return heard;
};

/** Payments by the batch that their key names. Keys of others, who use the same account, are left out. */
const byBatch = (outcomes: readonly PaymentOutcome[]): Map<string, PaymentOutcome[]> => {
  const groups = new Map<string, PaymentOutcome[]>();
  for (const outcome of outcomes) {
    const batchId = fromItemId(outcome.key)?.batchId;
    if (batchId) groups.set(batchId, [...(groups.get(batchId) ?? []), outcome]);
  }
  return groups;
};
