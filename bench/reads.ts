import { loadavg } from 'node:os';
import { tellLimits } from '../api/rates/headers.js';
import { leasing } from '../api/rates/leases.js';
import { openRateCounters } from '../db/rate-counters.js';
import { subscriberNetwork } from '../domain/network.js';
import { RATES, type RateSubject } from '../domain/rates.js';
import type { World } from '../test/e2e/harness/world.js';
import { readKeyFile } from '../vault/key-file.js';
import { openRateKey } from '../vault/rate-key.js';
import { usageOf } from './processes.js';
import { uploadRows } from './upload.js';

/** Within a minute's limit of one person, so that none of them is refused. */
const READS = 9_000;
const WARM_UP = 1_000;
const AT_ONCE = 8;
const COUNTED = 200_000;
const ALONE = 5_000;
const TURNS = 3;

/** CPU of one request, µs. */
interface Cost {
  node: number;
  postgres: number;
}

/**
 * What the limits cost of a read. First the CPU of reading one batch over HTTP, in the API and in Postgres, limits included; then the CPU of
 * what the limits do for such a request, in this process and in Postgres: when somebody reads all the time, so that most requests are within
 * a lease, and when each request is the first of its principal, or of its network and workspace too, in their window.
 */
export const measureReads = async (world: World, say: (line: string) => void): Promise<void> => {
  const { executor, ...others } = await world.newPeople();
  const batchId = await uploadRows({ executor, ...others }, 100, { payees: 'reads', references: 'read' });
  const reads = async (count: number): Promise<void> => {
    let left = count;
    const lane = async () => {
      while (left-- > 0) await executor.client.show_payout_batch({ batch_id: batchId });
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  };
  const cpu = (): Cost => {
    const { api, postgres } = usageOf(world.stack.state());
    return { node: api.cpuSeconds, postgres: postgres.cpuSeconds };
  };
  await reads(WARM_UP);
  const read = await costOf(READS, cpu, () => reads(READS));

  const counters = openRateCounters({
    ...{ url: world.stack.state().database.owner_url, patienceMs: 10_000, nameOf: openRateKey(readKeyFile(world.keyFile)) },
    onLost: (error) => say(String(error)),
    onFound: () => {},
  });
  const take = leasing(counters, () => performance.now());
  const headers = { setHeader: () => {} } as never;
  /** What `api/middleware/rate.ts` does for a request of these three. */
  const count = async (subjects: readonly (readonly [RateSubject, string])[]): Promise<void> => {
    const limits = [];
    for (const [subject, who] of subjects) {
      const limit = RATES.read[subject];
      if (!limit) continue;
      const standing = await take(`read ${subject} ${subject === 'network' ? subscriberNetwork(who) : who}`, limit);
      limits.push({ rateClass: 'read', subject, limit, standing } as const);
      tellLimits(headers, limits);
    }
  };
  const here = (): Cost => ({ node: process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6, postgres: cpu().postgres });
  const usual = (n: number, who: (n: number) => string) =>
    [
      ['network', `2001:db8:${(Math.floor(n / 10_000) + 1).toString(16)}::1`],
      ['principal', who(n)],
      ['workspace', `workspace ${Math.floor(n / 10_000)}`],
    ] as const;
  const lines: [string, Cost][] = [['reading a batch, limits included', read]];
  try {
    for (let turn = 1; turn <= TURNS; turn++) {
      const run = (what: string, requests: number, of: (n: number) => readonly (readonly [RateSubject, string])[]) =>
        costOf(requests, here, async () => {
          for (let n = 0; n < requests; n++) await count(of(n));
        }).then((cost) => lines.push([what, cost]));
      await run('limits, of somebody who reads all the time', COUNTED, (n) => usual(n, () => `person ${turn} ${Math.floor(n / 10_000)}`));
      await run('limits, the first read of a principal in a window', ALONE, (n) => usual(n, () => `person alone ${turn} ${n}`));
      await run('limits, the first read of all three in a window', ALONE, (n) => [
        ['network', `2001:db8:ffff:${n.toString(16)}::${turn}`],
        ['principal', `person quite alone ${turn} ${n}`],
        ['workspace', `workspace alone ${turn} ${n}`],
      ]);
    }
  } finally {
    await counters.close();
  }
  for (const [what, { node, postgres }] of lines) {
    const share = (100 * (node + postgres)) / (read.node + read.postgres);
    console.log(`${what}: ${node.toFixed(1)} + ${postgres.toFixed(1)} µs (Node + Postgres), ${share.toFixed(1)}%; load ${loadavg()[0]?.toFixed(1)}`);
  }
};

const costOf = async (requests: number, cpu: () => Cost, work: () => Promise<void>): Promise<Cost> => {
  const before = cpu();
  await work();
  const after = cpu();
  const micro = (part: keyof Cost): number => ((after[part] - before[part]) * 1e6) / requests;
  return { node: micro('node'), postgres: micro('postgres') };
};
