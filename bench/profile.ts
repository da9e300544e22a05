import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Table from 'cli-table3';
import { placesIn, ROOT } from '../dev/data-folder/places.js';
import type { World } from '../test/e2e/harness/world.js';
import { payBatch } from './end-to-end.js';
import { type CpuProfile, connectInspector } from './inspector.js';
import type { RailMode } from './rail-mode.js';

export interface ProfileTerms {
  rails: readonly RailMode[];
  sizes: readonly number[];
  repeat: number;
  folder: string;
}

/** Profiles the worker's main thread in every batch, from execute to its end. Throws when the books of a run do not balance. */
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

/** Jobs of the worker by the path of their code. The first pattern that matches a path names the job. */
const JOBS: readonly [RegExp, string][] = [
  [/^rails\//, 'rail: render, send, read answers'],
  [/^vault\/(payload-codec)/, 'Temporal: payloads encrypted'],
  [/^vault\/(checkpoint|ed25519)|^relay\/|^db\/(sequencer|relay)/, 'relay: sequencing, checkpoints, outbox'],
  [/^vault\/sha256|^domain\/(batch|item\/transitions|merkle|hashing)|verify-content/, 'digests: leaves, commitments, transitions'],
  [/^vault\/|open-destinations/, 'destinations decrypted'],
  [/^db\//, 'statements written and read'],
  [/^(operations|domain)\//, 'deciding and reducing'],
  [/^(activities|worker|workflows)\//, 'Temporal: activities'],
  [/^npm:(@temporalio|rxjs|@grpc|protobufjs|long)/, 'Temporal: its SDK'],
  [/^npm:@prisma|^wasm:/, 'ORM: transactions'],
  [/^npm:(pg|postgres)/, 'database driver'],
  [/^npm:undici/, 'HTTP client'],
];

const REST = 'other: timers, sockets, promises';
const NOT_OURS = new Map([
  ['(garbage collector)', 'garbage collection'],
  ['(program)', 'outside JavaScript'],
]);

/** µs of the main thread per item, by job. Each sample counts for the innermost frame that belongs to a job; idle time does not count. */
export const jobsOf = ({ nodes, samples, timeDeltas }: CpuProfile, items: number, root: string): Map<string, number> => {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const jobs = new Map<number, string>();
  const jobOf = (id: number): string => {
    const known = jobs.get(id);
    if (known) return known;
    const { functionName, url } = byId.get(id)?.callFrame ?? { functionName: '', url: '' };
    const path = placeOf(url, root);
    const parent = parents.get(id);
    const job = NOT_OURS.get(functionName) ?? JOBS.find(([pattern]) => pattern.test(path))?.[1] ?? (parent === undefined ? REST : jobOf(parent));
    jobs.set(id, job);
    return job;
  };
  const spent = new Map<string, number>();
  samples.forEach((id, i) => {
    if (byId.get(id)?.callFrame.functionName === '(idle)') return;
    spent.set(jobOf(id), (spent.get(jobOf(id)) ?? 0) + (timeDeltas[i] ?? 0) / items);
  });
  return new Map([...spent].sort(([, a], [, b]) => b - a));
};

const placeOf = (url: string, root: string): string => {
  const path = url.replace('file://', '');
  const at = path.lastIndexOf('/node_modules/');
  if (at >= 0) return `npm:${path.slice(at + '/node_modules/'.length)}`;
  return path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
};

/** The result as a table for people. */
export const showJobs = (name: string, jobs: ReadonlyMap<string, number>): string => {
  const table = new Table({ head: [`${name}: job`, 'µs an item'], style: { head: [], border: [] } });
  for (const [job, spent] of jobs) table.push([job, spent.toFixed(1)]);
  return table.toString();
};
