import { expect, test } from '@jest/globals';
import { BATCH, CHALLENGE, problemOf, runSluice } from './run-sluice.js';
import { type Answer, apiOf } from './scripted-api.js';

const tooMany = (seconds: number): Answer => ({ ...problemOf('rate_limited', 429), headers: { 'retry-after': String(seconds) } });

test('too many requests are waited for, and the wait is told', async () => {
  let asked = 0;
  const { env, received } = await apiOf(() => (asked++ === 0 ? tooMany(0) : { status: 200, body: BATCH }));
  const { code, stderr } = await runSluice(['batch', 'show', BATCH.id], { env });
  expect([code, stderr]).toEqual([0, expect.stringContaining('Too many requests; going on in 0 s.')]);
  expect(received.length).toBeGreaterThan(1);
});

test('a wait that is too long ends the command, which says what the server said', async () => {
  const { env, received } = await apiOf(() => tooMany(3_600));
  const { code, stderr } = await runSluice(['batch', 'show', BATCH.id], { env });
  expect([code, stderr]).toEqual([1, expect.stringContaining('Detail of rate_limited.')]);
  expect(received).toHaveLength(1);
});

test('a code from a pipe is not sent again: it would be wrong after the wait', async () => {
  const { env, received } = await apiOf(({ path }) => (path.endsWith('/challenges') ? { status: 201, body: CHALLENGE } : tooMany(0)));
  const { code, stderr } = await runSluice(['batch', 'approve', BATCH.id], { env, input: '123456\n' });
  expect([code, stderr]).toEqual([1, expect.stringContaining('Detail of rate_limited.')]);
  expect(received.filter(({ path }) => path.endsWith('/approve'))).toHaveLength(1);
});
