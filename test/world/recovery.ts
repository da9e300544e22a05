import { chunkCount, rangeOf } from '../../domain/batch/content.js';
import { lookUpDue } from '../../operations/chunk/look-up-due.js';
import { payChunk } from '../../operations/chunk/pay.js';
import { paymentOf } from '../../operations/chunk/verify-content.js';
import type { Context } from '../../operations/context.js';
import { openDestinations } from '../../operations/payee/sealing.js';
import { resumePayoutBatch } from '../../operations/payout-batch/resume.js';
import { openConnection } from '../../operations/rail-connection/open.js';
import { applyRecoveries, type RecoveryParts } from '../../operations/recovery/apply.js';
import { versionOf } from '../../operations/stores/batches.js';
import { until } from '../harness/until.js';
import type { PayingWorld } from './paying.js';
import { confirmedRecovery } from './proposals.js';
import { must } from './wire.js';

/** Services of a process in recovery mode. */
export const RECOVERING = { recovery: { reason: () => 'an older copy was put back' } };

const quiet = () => {};

/** What a lost database did, and how the restored one is recovered and goes on. */
export const recoveryOf = (world: PayingWorld) => {
  /** The payments of a chunk are at the provider, and this database knows nothing of it. */
  const sentByTheLost = async (batchId: string, chunk: number): Promise<void> => {
    const ctx = world.worker();
    const view = await world.view(batchId);
    if (!view?.content) throw new Error(batchId);
    const { batch, content } = view;
    const [opened, payments] = await ctx.inTenant(async (stores) => {
      const { from, to } = rangeOf(chunk, batch.chunkSize, content.size);
      const items = await stores.chunks.items(batchId, from, to);
      const sending = await openDestinations(ctx, stores, items);
      const found = await openConnection(ctx, stores, batch.connectionId, versionOf(batch));
      return [
        found,
        items.flatMap((item) => {
          const to = sending.get(item.ordinal);
          return to ? [paymentOf(batch, item, to)] : [];
        }),
      ] as const;
    });
    if (!opened) throw new Error('no connection');
    await opened.rail.send(opened.connection, opened.rail.prepare(payments), {
      kind: 'first',
      signal: new AbortController().signal,
      onProgress: quiet,
    });
  };

  /** Batches whose runs a recovery has ended. */
  const ended: string[] = [];
  const carryOut = (ctx: Context = world.worker(RECOVERING), over: Partial<RecoveryParts> = {}): Promise<number> =>
    applyRecoveries(ctx, { endRuns: async (batchIds) => void ended.push(...batchIds), archive: world.archive, ...over });

  /** Two people recover the workspace. */
  const recover = async (ctx?: Context): Promise<void> => {
    await confirmedRecovery(world);
    if ((await carryOut(ctx)) !== 1) throw new Error('the recovery did not end');
    await world.sequence();
  };

  /** Drives a batch as its run does, until it ends. */
  const drive = async (batchId: string): Promise<string> => {
    const ctx = world.worker();
    const { content, batch } = (await world.view(batchId)) ?? {};
    const chunks = chunkCount(content?.size ?? 0, batch?.chunkSize ?? 1);
    return until(`the end of ${batchId}`, async () => {
      for (let chunk = 0; chunk < chunks; chunk++) await payChunk(ctx, { batchId, chunk }, quiet);
      await lookUpDue(ctx, batchId, quiet);
      const state = (await world.view(batchId))?.control.state ?? '';
      return state === 'executing' ? undefined : state;
    });
  };

  /** A person lets a batch go on that the recovery has paused. */
  const resume = async (batchId: string): Promise<void> => {
    must(await resumePayoutBatch(world.as(await world.person('executor')), { batch_id: batchId }));
  };

  return { sentByTheLost, ended, carryOut, recover, resume, drive };
};
