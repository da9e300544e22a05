import { expect, test } from '@jest/globals';
import pino from 'pino';
import { RELAY_JOBS, relayJobs } from '../../relay/run.js';

/** Parts that note each use of store, Temporal and operations. */
const jobsIn = (reason: string | null) => {
  const used: string[] = [];
  const noting = (part: string): never =>
    new Proxy(
      {},
      {
        get: (_, name) => async () => {
          used.push(`${part}.${String(name)}`);
          return [
            'pruneKeys',
            'forgetPayments',
            'pruneCounters',
            'pruneNonces',
            'pruneLinks',
            'prunePasskeyRequests',
            'addMonths',
            'forget',
          ].includes(String(name))
            ? 0
            : [];
        },
      },
    ) as never;
  const jobs = relayJobs({
    store: noting('store'),
    workflows: noting('workflows'),
    contextOf: noting('contextOf'),
    tenantsToDrain: async () => {
      used.push('tenantsToDrain');
      return [];
    },
    mail: { queue: noting('mail'), seal: noting('seal'), postman: noting('postman'), count: () => {}, signal: new AbortController().signal },
    recovery: { reason: () => reason },
    archive: { startGeneration: async () => ({ generation: 2, ended: [] }) },
    redriven: async () => void used.push('redriven'),
    reconcileMs: 1,
    failpoint: async () => undefined,
    log: pino({ enabled: false }),
  });
  return { jobs, used };
};

test.each(RELAY_JOBS.filter((name) => name !== 'recovery'))(
  'the job %s does nothing in recovery mode, and something otherwise (R15)',
  async (name) => {
    const closed = jobsIn('an older copy was put back');
    expect(await closed.jobs[name]()).toBe(0);
    expect(closed.used).toEqual([]);
    const open = jobsIn(null);
    await open.jobs[name]().catch(() => 0);
    expect(open.used).not.toEqual([]);
  },
);

test('recovery alone acts in recovery mode, and in no other', async () => {
  const open = jobsIn(null);
  expect(await open.jobs.recovery()).toBe(0);
  expect(open.used).toEqual([]);
  const closed = jobsIn('an older copy was put back');
  await closed.jobs.recovery();
  expect(closed.used).toEqual(['tenantsToDrain']);
});

test('there is no other job', () => {
  expect(Object.keys(jobsIn(null).jobs).sort()).toEqual([...RELAY_JOBS].sort());
});
