import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { recoverySwitch } from '../../operations/recovery/mode.js';
import { type RecoveryWatch, watchRecovery } from '../../operations/recovery/watch.js';
import { latch } from '../harness/latch.js';

const NOT_COMPARED = /has not finished/;

/** What each comparison finds, in order; the last one again and again. An Error is thrown. */
let finds: (string | null | Error)[];
let comparisons: number;
let problems: unknown[];
let entered: string[];
let watch: RecoveryWatch;
/** While set, a comparison waits for it. */
let gate: Promise<void> | null;

const compare = async () => {
  comparisons++;
  const found = finds.length > 1 ? finds.shift() : finds[0];
  await gate;
  if (found instanceof Error) throw found;
  return recoverySwitch(found ?? null);
};
const begin = (...found: typeof finds) => {
  finds = found;
  watch = watchRecovery(compare, { onProblem: (error) => problems.push(error), onRecovery: (reason) => entered.push(reason) });
};
const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  jest.useFakeTimers();
  [comparisons, problems, entered, gate] = [0, [], [], null];
});
afterEach(() => {
  watch.stop();
  jest.useRealTimers();
});

test('nothing is let through until the first comparison has run', async () => {
  begin(null);
  expect([watch.reason(), watch.comparing()]).toEqual([expect.stringMatching(/is starting.* has not finished/), true]);
  await pass(0);
  expect([watch.reason(), watch.comparing()]).toEqual([null, false]);
});

test('a database that does not answer is asked again a second later', async () => {
  begin(new Error('no answer'), null);
  await pass(0);
  expect(watch.reason()).toMatch(NOT_COMPARED);
  expect(problems).toHaveLength(1);
  await pass(1_000);
  expect(watch.reason()).toBeNull();
});

test('an older database that is put back under a running process is noticed within a minute, and that stays [S1-24]', async () => {
  begin(null, 'an older copy was put back', null);
  await pass(59_999);
  expect([comparisons, watch.reason()]).toEqual([1, null]);
  await pass(1);
  // Waiting does not end this.
  expect([watch.reason(), watch.comparing()]).toEqual(['an older copy was put back', false]);
  await pass(600_000);
  watch.compareAgain();
  await pass(0);
  expect([comparisons, watch.reason()]).toEqual([2, 'an older copy was put back']);
  expect(entered).toEqual(['an older copy was put back']);
});

test('a lost connection closes everything until the database was compared again', async () => {
  begin(null, new Error('not up yet'), null);
  await pass(0);
  watch.compareAgain();
  expect([watch.reason(), watch.comparing()]).toEqual([expect.stringMatching(/is out of date.* has not finished/), true]);
  await pass(0);
  expect(watch.reason()).toMatch(NOT_COMPARED);
  await pass(1_000);
  expect(watch.reason()).toBeNull();
});

test('a comparison that was under way when the connection was lost does not count', async () => {
  const { opened, open } = latch();
  gate = opened;
  begin(null, 'an older copy was put back');
  watch.compareAgain();
  open();
  await pass(0);
  expect([comparisons, watch.reason()]).toEqual([2, 'an older copy was put back']);
});

test('a minute that could not be compared closes what moves money', async () => {
  begin(null, new Error('the archive is out of reach'), null);
  await pass(60_000);
  expect(watch.reason()).toMatch(NOT_COMPARED);
  await pass(1_000);
  expect(watch.reason()).toBeNull();
});

test('a comparison that hangs closes what moves money after three minutes', async () => {
  const { opened, open } = latch();
  begin(null);
  await pass(0);
  gate = opened;
  await pass(179_999);
  expect([comparisons, watch.reason()]).toEqual([2, null]);
  await pass(1);
  expect(watch.reason()).toMatch(NOT_COMPARED);
  open();
  await pass(60_000);
  expect(watch.reason()).toBeNull();
});

test('no comparison starts after the watch has ended', async () => {
  begin(null);
  await pass(0);
  watch.stop();
  watch.compareAgain();
  await pass(120_000);
  expect(comparisons).toBe(1);
});

test('what the sequencer finds between two comparisons counts at once and is told once', async () => {
  begin(null);
  await watch.compared;
  watch.enter('the log was rewritten');
  watch.enter('again');
  await pass(60_000);
  expect([watch.reason(), entered, comparisons]).toEqual(['the log was rewritten', ['the log was rewritten'], 1]);
});

test('the first comparison has come to an end when one has succeeded, or the process ends', async () => {
  let ended = 0;
  const count = () => void ended++;
  begin(new Error('no answer'), null);
  void watch.compared.then(count);
  await pass(999);
  expect(ended).toBe(0);
  await pass(1);
  expect(ended).toBe(1);
  begin(new Error('no answer'));
  void watch.compared.then(count);
  watch.stop();
  await pass(0);
  expect(ended).toBe(2);
});
