import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { placesIn, ROOT } from '../dev/stack/places.js';
import type { World } from '../test/e2e/harness/world.js';
import { payBatch } from './end-to-end.js';
import { connectInspector } from './inspector.js';
import { jobsOf, showJobs } from './profile.js';
import type { RailMode } from './rail-mode.js';

export interface ProfileTerms {
  rails: readonly RailMode[];
  sizes: readonly number[];
  repeat: number;
  folder: string;
}

/** Pays every batch under a profile of the worker's main thread, from execute to its end. Throws when a run's books do not hold. */
export const profileRuns = async (world: World, { rails, sizes, repeat, folder }: ProfileTerms, say: (line: string) => void): Promise<void> => {
  mkdirSync(folder, { recursive: true });
  const inspector = await connectInspector(placesIn(world.dataDir).logs.worker);
  try {
    for (const rail of rails) {
      await payBatch(world, rail, 3_000, `warm-up ${rail.name}`, say);
      for (const items of sizes)
        for (let turn = 1; turn <= repeat; turn++) {
          const name = `${rail.name}-${items}-${turn}`;
          const run = await payBatch(world, rail, items, name, say, async () => {
            await inspector.startProfile();
            return async () => {
              const profile = await inspector.stopProfile();
              writeFileSync(join(folder, `${name}.cpuprofile`), JSON.stringify(profile));
              console.log(showJobs(name, jobsOf(profile, items, ROOT)));
            };
          });
          const { most } = run.memory.pay.worker;
          console.log(
            `${name}: the worker's heap holds ${(await inspector.liveHeap()).toFixed(1)} MiB after a collection; resident ${most} MiB at most\n`,
          );
        }
    }
  } finally {
    inspector.close();
  }
};
