import { appendFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { startWorld } from '../test/e2e/harness/world.js';
import { ARGON2_COST } from '../vault/credentials.js';
import { type EndToEndRun, payBatch } from './end-to-end.js';
import { describeEnvironment } from './environment.js';
import { INSPECTED } from './inspector.js';
import { measureIntake, showIntake } from './intake.js';
import { openLimits } from './open-limits.js';
import { profileRuns } from './profile.js';
import { RAILS } from './rail-mode.js';
import { measureReads } from './reads.js';
import { measureRepeats } from './repeats.js';
import { show, summarize } from './report.js';
import { measureSignIn } from './sign-in.js';
import { measureStatements, STATEMENT_STATISTICS } from './statements.js';
import { measureTurns } from './turns.js';

/**
 * npm run bench -- end-to-end --items 10000,100000 [--rails bulk,bulk-async,single] [--repeat 3] [--window 4] [--json FILE] [--profile FOLDER] [--statements]
 *
 * npm run bench -- turns --items 50000 --rails single --window 16
 *
 * npm run bench -- repeats --items 100000,1000000
 *
 * npm run bench -- reads
 *
 * npm run bench -- intake --items 100000,1000000 [--repeat 1] [--json FILE] [--profile FOLDER] [--statements]
 *
 * npm run bench -- sign-in [--tries 300]
 *
 * Pays batches on a stack (embedded Postgres with fsync off, Temporal, API, worker, provider) and measures the bare SQL of the same
 * life cycle on the same Postgres, in turns. Each run checks the books; a run that fails ends the benchmark.
 *
 * With --profile it compares nothing: it writes a CPU profile of the worker for each run to FOLDER, and prints where the time went and
 * how much heap stays in use. With --statements it prints the CPU of each statement of Postgres. `turns` pauses and resumes a batch while
 * it is paid, and prints how long a pause waits. `repeats` pays nothing: it looks for the payments of a batch among ten million, and `reads`
 * prints what the limits of requests cost of a read. `intake` pays nothing either: it uploads files with new and with known payees, and prints
 * what a row costs until its batch is queued.
 * `sign-in` fails to sign in, with fsync on, and prints whether the time of the answer tells who has an account.
 */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    items: { type: 'string', default: '10000,100000' },
    rails: { type: 'string', default: 'bulk,bulk-async,single' },
    repeat: { type: 'string', default: '3' },
    window: { type: 'string', default: '4' },
    json: { type: 'string', default: '' },
    profile: { type: 'string', default: '' },
    statements: { type: 'boolean', default: false },
    tries: { type: 'string', default: '300' },
  },
});
const [subject = ''] = positionals;
if (!['end-to-end', 'turns', 'repeats', 'reads', 'intake', 'sign-in'].includes(subject)) {
  console.error(
    'Name what to measure: npm run bench -- end-to-end --items 10000,100000, turns --items 50000 --window 16, repeats --items 100000, reads, intake --items 100000, or sign-in',
  );
  process.exit(2);
}

const sizes = values.items.split(',').map(Number);
const rails = values.rails.split(',').map((name) => {
  const mode = RAILS.find((rail) => rail.name === name);
  if (!mode) throw new Error(`--rails knows ${RAILS.map((rail) => rail.name).join(', ')}, not ${name}`);
  return mode;
});
const window = Number(values.window);
const repeat = Number(values.repeat);

const write = (line: object): void => {
  if (values.json) appendFileSync(values.json, `${JSON.stringify(line)}\n`);
};
const say = (line: string): void => console.error(line);

let closing = async (): Promise<void> => {};
const world = await startWorld({
  env: { worker: { SLUICE_CHUNK_WINDOW: String(window), ...(values.profile ? INSPECTED : {}) } },
  ...(values.statements ? { postgres: STATEMENT_STATISTICS } : {}),
  // What a sign-in costs for real: the hash at its full cost, and commits that wait for the disk.
  ...(subject === 'sign-in' ? { argon2: ARGON2_COST, postgres: { fsync: 'on', full_page_writes: 'on' } } : {}),
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void world.close().finally(() => process.exit(130)));
try {
  const environment = await describeEnvironment(world.stack.state());
  write(environment);
  say(`${environment.cpu} × ${cpus().length}, ${environment.postgres}, Node ${environment.node}; load before ${loadavg()[0]?.toFixed(1)}`);
  if (subject === 'repeats') for (const items of sizes) await measureRepeats(world.stack.state().database.owner_url, world.dataDir, items, say);
  else if (subject === 'reads') await measureReads(world, say);
  else if (subject === 'intake') await intake();
  else if (subject === 'sign-in') await measureSignIn(world, Number(values.tries), say);
  else if (subject === 'turns') for (const rail of rails) for (const items of sizes) await measureTurns(world, rail, items, window, say);
  else if (values.profile) await profileRuns(world, { rails, sizes, repeat, folder: values.profile }, say);
  else if (values.statements) await measureStatements(world, { rails, sizes }, say);
  else await compare();
} finally {
  await closing();
  await world.close();
}

async function intake(): Promise<void> {
  const runs = await measureIntake(world, { sizes, repeat, folder: values.profile, statements: values.statements }, say);
  for (const run of runs) write({ kind: 'intake', ...run });
  console.log(showIntake(runs));
}

async function compare(): Promise<void> {
  const limits = await openLimits(world.stack.state().database.owner_url, world.dataDir);
  closing = () => limits.close();
  // A warm-up compiles the code and loads pages into memory before anything is measured.
  for (const rail of rails) await payBatch(world, rail, 3_000, `warm-up ${rail.name}`, say);
  for (const rail of rails) await limits.measure(rail, 3_000, window);

  const lines = [];
  for (const rail of rails) {
    for (const items of sizes) {
      const runs: { run: EndToEndRun; limit: number }[] = [];
      for (let turn = 1; turn <= repeat; turn++) {
        const limit = await limits.measure(rail, items, window);
        const run = await payBatch(world, rail, items, `${rail.name}, ${items} items, turn ${turn}`, say);
        runs.push({ run, limit: limit.itemsPerSecond });
        write({ kind: 'run', rail: rail.name, turn, load: loadavg(), limit, ...run });
        say(`${run.name}: ${Math.round(run.itemsPerSecond)} items/s of ${Math.round(limit.itemsPerSecond)}, load ${loadavg()[0]?.toFixed(1)}`);
      }
      const line = summarize(rail, items, runs);
      write({ kind: 'summary', ...line });
      lines.push(line);
    }
  }
  console.log(show(lines));
}
