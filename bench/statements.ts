import { closeSync, openSync, readSync, statSync } from 'node:fs';
import Table from 'cli-table3';
import { placesIn } from '../dev/data-folder/places.js';
import type { World } from '../test/e2e/harness/world.js';
import { payBatch } from './end-to-end.js';
import type { RailMode } from './rail-mode.js';

/** With these settings Postgres logs the CPU of every message and its statement. */
export const STATEMENT_STATISTICS = {
  log_statement_stats: 'on',
  log_min_duration_statement: '0',
  log_line_prefix: '%p %u ',
  log_parameter_max_length: '0',
};

interface Cost {
  statement: string;
  /** The login role that sent it. */
  login: string;
  times: number;
  cpuSeconds: number;
}

const SHOWN = 20;
const STATEMENT_CHARACTERS = 100;

/** Pays one batch per rail and size, its upload included, and prints the statements that cost Postgres most CPU. */
export const measureStatements = async (
  world: World,
  { rails, sizes }: { rails: readonly RailMode[]; sizes: readonly number[] },
  say: (line: string) => void,
): Promise<void> => {
  const log = placesIn(world.dataDir).logs.postgres;
  for (const rail of rails) {
    await payBatch(world, rail, 3_000, `warm-up ${rail.name}`, say);
    for (const items of sizes) {
      const from = statSync(log).size;
      await payBatch(world, rail, items, `${rail.name}, ${items} items`, say);
      console.log(`${rail.name}, ${items} items: CPU of Postgres by statement\n${showCosts(costsIn(readFrom(log, from)), items)}`);
    }
  }
};

/** What the log has from this byte on. */
export const readFrom = (file: string, from: number): string => {
  const bytes = Buffer.alloc(statSync(file).size - from);
  const handle = openSync(file, 'r');
  try {
    return bytes.subarray(0, readSync(handle, bytes, 0, bytes.length, from)).toString('utf8');
  } finally {
    closeSync(handle);
  }
};

const ENTRY = /^(?<pid>\d+) (?<login>\S+) (?<kind>LOG|DETAIL|STATEMENT): {2}/;

/** A message has three entries in a row: a line that announces the statistics, the statistics, the statement. */
export const costsIn = (log: string): Cost[] => {
  const costs = new Map<string, Cost>();
  let cpuSeconds = 0;
  for (const entry of log.split(/\n(?=\d+ \S+ [A-Z]+: {2})/)) {
    const found = ENTRY.exec(entry)?.groups;
    const usage = /([\d.]+) s user, ([\d.]+) s system, /.exec(entry);
    if (found?.['kind'] === 'DETAIL' && usage) cpuSeconds = Number(usage[1]) + Number(usage[2]);
    if (found?.['kind'] !== 'STATEMENT') continue;
    const statement = entry.replace(ENTRY, '').replace(/\s+/g, ' ').trim().slice(0, STATEMENT_CHARACTERS);
    const login = found['login'] ?? '';
    const known = costs.get(`${login} ${statement}`) ?? { statement, login, times: 0, cpuSeconds: 0 };
    costs.set(`${login} ${statement}`, { ...known, times: known.times + 1, cpuSeconds: known.cpuSeconds + cpuSeconds });
    cpuSeconds = 0;
  }
  return [...costs.values()].sort((a, b) => b.cpuSeconds - a.cpuSeconds);
};

/** The result as a table for people. */
export const showCosts = (costs: readonly Cost[], items: number): string => {
  const table = new Table({ head: ['login', 'messages', 'CPU µs/item', 'statement'], style: { head: [], border: [] } });
  for (const { login, times, cpuSeconds, statement } of costs.slice(0, SHOWN))
    table.push([login, times, ((cpuSeconds * 1e6) / items).toFixed(1), statement]);
  return table.toString();
};
