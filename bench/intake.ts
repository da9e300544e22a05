import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import { placesIn, ROOT } from '../dev/data-folder/places.js';
import type { World } from '../test/e2e/harness/world.js';
import { connectInspector } from './inspector.js';
import { usageOf, watchMemory } from './processes.js';
import { jobsOf, showJobs } from './profile.js';
import { ownerOf, RAILS, useRail } from './rail-mode.js';
import { costsIn, readFrom, showCosts } from './statements.js';
import { uploadRows } from './upload.js';

/** One file on its way from the first byte that is sent to a batch that people can sign. */
export interface Intake {
  name: string;
  rows: number;
  /** From the request to `queued`. */
  seconds: number;
  /** CPU, µs a row. */
  cpu: Record<'api' | 'worker' | 'postgres', number>;
  /** Resident, MiB, at most. */
  memory: Record<'api' | 'worker', number>;
  /** How long the challenge of the approve gate takes, over HTTP. */
  challengeMs: number;
  load: number[];
}

const WARM_UP_ROWS = 21_000;

/**
 * Uploads files of each size: first with payees that the workspace does not know, then with the same payees and other references.
 * Prints what they cost. `folder` gets a profile of the worker for each file; `statements` prints the CPU of Postgres by statement.
 */
export const measureIntake = async (
  world: World,
  { sizes, repeat, folder, statements }: { sizes: readonly number[]; repeat: number; folder: string; statements: boolean },
  say: (line: string) => void,
): Promise<Intake[]> => {
  const [bulk] = RAILS;
  const owner = await ownerOf(world);
  if (bulk) await useRail(owner, bulk);
  const people = await world.newPeople();
  const measure = async (rows: number, payees: string, references: string): Promise<Intake> => {
    // What earlier files have left to write would count for this one.
    await owner.query('CHECKPOINT').catch(() => undefined);
    const before = usageOf(world.stack.state());
    const watching = watchMemory(world.stack.state);
    const from = performance.now();
    const batchId = await uploadRows(people, rows, { payees, references });
    const seconds = (performance.now() - from) / 1_000;
    const after = usageOf(world.stack.state());
    const memory = watching.stop();
    const asked = performance.now();
    await people.approver.client.ask_challenge({ batch_id: batchId, gate: 'approve' });
    const challengeMs = performance.now() - asked;
    const cpuOf = (part: keyof Intake['cpu']): number => ((after[part].cpuSeconds - before[part].cpuSeconds) * 1e6) / rows;
    return {
      name: `${rows} rows, ${references}`,
      rows,
      seconds,
      cpu: { api: cpuOf('api'), worker: cpuOf('worker'), postgres: cpuOf('postgres') },
      memory: { api: memory.api.most, worker: memory.worker.most },
      challengeMs,
      load: loadavg(),
    };
  };

  const inspector = folder ? await connectInspector(placesIn(world.dataDir).logs.worker) : null;
  const log = placesIn(world.dataDir).logs.postgres;
  const runs: Intake[] = [];
  try {
    await measure(WARM_UP_ROWS, 'warm-up', 'payees new');
    await measure(WARM_UP_ROWS, 'warm-up', 'payees known');
    for (let turn = 1; turn <= repeat; turn++)
      for (const rows of sizes)
        for (const references of ['payees new', 'payees known']) {
          const logged = statements ? statSync(log).size : 0;
          await inspector?.startProfile();
          const run = await measure(rows, `payee-${rows}-${turn}`, references);
          runs.push(run);
          say(`${run.name}: ${run.seconds.toFixed(1)} s, load ${loadavg()[0]?.toFixed(1)}`);
          if (inspector) {
            const profile = await inspector.stopProfile();
            mkdirSync(folder, { recursive: true });
            writeFileSync(join(folder, `intake-${rows}-${references.replace(' ', '-')}-${turn}.cpuprofile`), JSON.stringify(profile));
            console.log(showJobs(run.name, jobsOf(profile, rows, ROOT)));
          }
          if (statements) console.log(`${run.name}: CPU of Postgres by statement\n${showCosts(costsIn(readFrom(log, logged)), rows)}`);
        }
  } finally {
    inspector?.close();
    await owner.end();
  }
  return runs;
};

/** The result as a table for people. */
export const showIntake = (runs: readonly Intake[]): string => {
  const table = new Table({
    head: ['file', 's to queued', 'rows/s', 'CPU µs/row: API worker pg = sum', 'MiB at most: API worker', 'challenge ms', 'load'],
    style: { head: [], border: [] },
  });
  for (const { name, rows, seconds, cpu, memory, challengeMs, load } of runs)
    table.push([
      name,
      seconds.toFixed(1),
      Math.round(rows / seconds),
      `${Math.round(cpu.api)} ${Math.round(cpu.worker)} ${Math.round(cpu.postgres)} = ${Math.round(cpu.api + cpu.worker + cpu.postgres)}`,
      `${memory.api} ${memory.worker}`,
      Math.round(challengeMs),
      (load[0] ?? 0).toFixed(1),
    ]);
  return table.toString();
};
