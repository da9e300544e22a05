import { setTimeout as pause } from 'node:timers/promises';
import type { World } from '../test/e2e/harness/world.js';
import { type Paying, payBatch } from './end-to-end.js';
import type { RailMode } from './rail-mode.js';

/** Between two pauses, so that the lanes are full again. */
const BETWEEN_MS = 150;

/**
 * How long a pause waits for its turn while a batch is paid, over HTTP, from request to answer: it comes after the chunks that hold
 * the lock when it asks, and before all that come later (R1). Pauses and resumes until the batch has ended, and prints the figures.
 */
export const measureTurns = async (world: World, rail: RailMode, items: number, window: number, say: (line: string) => void): Promise<void> => {
  await payBatch(world, rail, 3_000, 'warm-up', say);
  const waits: number[] = [];
  const watch = async ({ people, batchId }: Paying) => {
    let on = true;
    const loop = (async () => {
      const { client } = people.executor;
      while (on) {
        const from = performance.now();
        // A batch that has ended refuses both.
        const paused = await client.pause_payout_batch({ batch_id: batchId }).catch(() => null);
        if (!paused) return;
        waits.push(performance.now() - from);
        await client.resume_payout_batch({ batch_id: batchId }).catch(() => null);
        await pause(BETWEEN_MS);
      }
    })();
    return async () => {
      on = false;
      await loop;
    };
  };
  const run = await payBatch(world, rail, items, `${rail.name}, ${items} items`, say, watch);
  const sorted = waits.sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  console.log(
    `${rail.name}: ${waits.length} pauses beside ${window} lanes that paid ${Math.round(run.itemsPerSecond)} items/s: ${at(0.5)} ms at the median, ${at(0.9)} ms at 90%, ${at(1)} ms at most`,
  );
};
