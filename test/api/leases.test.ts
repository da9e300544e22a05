import { expect, test } from '@jest/globals';
import { leasing } from '../../api/rates/leases.js';
import { leaseOf } from '../../domain/rates.js';
import { handClock, memoryCounters } from '../world/rates.js';

const TIGHT = { requests: 5, seconds: 60 };
const WIDE = { requests: 1_000, seconds: 60 };

const processes = (count: number, most?: number) => {
  const { now, pass } = handClock();
  const counters = memoryCounters(now);
  return { takes: Array.from({ length: count }, () => leasing(counters, now, most)), asked: counters.asked, pass };
};

test('a limit admits its number in a window, then nothing until the window ends, and says when that is', async () => {
  const { takes, pass } = processes(1);
  const [take] = takes;
  const left = [];
  for (let i = 0; i < TIGHT.requests; i++) left.push(await take?.('k', TIGHT));
  expect(left.map((one) => [one?.admitted, one?.left])).toEqual([4, 3, 2, 1, 0].map((n) => [true, n]));
  pass(20_000);
  expect(await take?.('k', TIGHT)).toEqual({ admitted: false, left: 0, endsInMs: 40_000 });
  pass(40_000);
  expect(await take?.('k', TIGHT)).toEqual({ admitted: true, left: 4, endsInMs: 60_000 });
});

test('keys are counted apart', async () => {
  const [take] = processes(1).takes;
  for (let i = 0; i < TIGHT.requests; i++) await take?.('one', TIGHT);
  expect((await take?.('one', TIGHT))?.admitted).toBe(false);
  expect((await take?.('other', TIGHT))?.admitted).toBe(true);
});

test('a wide limit is asked for once in a lease, and one that is used up is not asked for at all', async () => {
  const { takes, asked } = processes(1);
  for (let i = 0; i < WIDE.requests; i++) expect((await takes[0]?.('k', WIDE))?.admitted).toBe(true);
  expect(asked).toHaveLength(WIDE.requests / leaseOf(WIDE));
  for (let i = 0; i < 100; i++) expect((await takes[0]?.('k', WIDE))?.admitted).toBe(false);
  expect(asked).toHaveLength(WIDE.requests / leaseOf(WIDE));
});

test.each([TIGHT, WIDE])('however many processes, and however many requests at once, $requests are admitted in a window', async (limit) => {
  const { takes } = processes(7);
  const all = Array.from({ length: 3 * limit.requests }, (_, i) => takes[i % takes.length]?.('k', limit));
  expect((await Promise.all(all)).filter((one) => one?.admitted)).toHaveLength(limit.requests);
});

test('requests that wait together are asked for together', async () => {
  const { takes, asked } = processes(1);
  await Promise.all(Array.from({ length: 5 }, () => takes[0]?.('k', TIGHT)));
  expect(asked.length).toBeLessThanOrEqual(2);
});

test('what was taken of a window is not spent in the next', async () => {
  const { takes, asked, pass } = processes(1);
  await takes[0]?.('k', WIDE);
  pass(60_000);
  await takes[0]?.('k', WIDE);
  expect(asked).toHaveLength(2);
});

test('the memory of a process is bounded; a lease that is forgotten is taken anew, and the limit holds', async () => {
  const { takes, asked } = processes(1, 10);
  for (let i = 0; i < TIGHT.requests; i++) await takes[0]?.('k', TIGHT);
  for (let i = 0; i < 10; i++) await takes[0]?.(`other ${i}`, TIGHT);
  const before = asked.length;
  expect((await takes[0]?.('k', TIGHT))?.admitted).toBe(false);
  expect(asked.length).toBe(before + 1);
});

test('a counter that fails is asked again by the next request', async () => {
  const { now } = handClock();
  const counters = memoryCounters(now);
  let isBroken = true;
  const take = leasing({ take: (...of) => (isBroken ? Promise.reject(new Error('broken')) : counters.take(...of)) }, now);
  const results = await Promise.allSettled([take('k', TIGHT), take('k', TIGHT)]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  isBroken = false;
  expect((await take('k', TIGHT)).admitted).toBe(true);
});
