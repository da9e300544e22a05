import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Cli } from '../../cli/cli.js';
import { type Batch, batchFacts, countsLine, disjointCounts, isPaused, nextStep, sentLine, stateLine, suggestNext } from '../../cli/render/batch.js';
import { counted as countOf } from '../../cli/render/counted.js';
import { BATCH_STATES, isTerminalBatch } from '../../domain/batch/states.js';
import { BATCH, runSluice } from './run-sluice.js';
import { apiOf } from './scripted-api.js';

const some = fc.integer({ min: 0, max: 1_000 });
const counted = fc.record({
  waiting: some,
  ...{ unknown: some, submitted: some, paid: some, failed: some, returned: some, cancelled: some, excluded: some, blocked: some, was_unknown: some },
});

test('what people see counts each item once and adds up to the items of the batch', () => {
  fc.assert(
    fc.property(counted, fc.constantFrom(...BATCH_STATES), ({ waiting, ...counts }, state) => {
      const { unknown, submitted, paid, failed, returned, cancelled, blocked } = counts;
      const items = waiting + unknown + submitted + paid + failed + returned + cancelled + blocked;
      const shown = disjointCounts({ state, counts: { ...counts, open: waiting + unknown + submitted } });
      expect(Object.values(shown).reduce((sum, count) => sum + count, 0)).toBe(items);
      const line = countsLine({ state, counts: { ...counts, open: waiting + unknown + submitted } });
      expect([...line.matchAll(/ (\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0)).toBe(items);
    }),
  );
});

test('a batch that is shown has its counts under its items; what was left out or in doubt stands apart', () => {
  const counts = { ...BATCH.counts, open: 5, unknown: 1, submitted: 2, paid: 4, failed: 1, excluded: 3, was_unknown: 2 };
  const shown = batchFacts({ ...BATCH, item_count: 10, counts } as unknown as Batch);
  expect(shown).toMatch(/^items +10\nof these +to send 2, submitted 2, unknown 1, paid 4, failed 1\nexcluded +3 more\nonce unknown +2$/m);
});

test.each(BATCH_STATES)('%s: payments are to be sent, and there is a deadline, only as long as the batch has not ended', (state) => {
  const shown = batchFacts({ ...BATCH, state, deadline_at: '2026-02-01T00:00:00Z' } as unknown as Batch).replaceAll(/ +/g, ' ');
  const [sent, deadline] = isTerminalBatch(state) ? ['never sent', false] : ['to send', true];
  expect([new RegExp(`of these ${sent}( or being sent)? 2`).test(shown), shown.includes('deadline')]).toEqual([true, deadline]);
});

test.each([
  ['rejected', 'pending (never sent)'],
  ['cancelled', 'pending (never sent)'],
  ['queued', 'pending  '],
])('an item of a batch that is %s is %s', async (state, shown) => {
  const item = { ordinal: 0, payee_reference: 'p-1', destination: { masked: 'm' }, amount: 100, currency: 'EUR', state: 'pending', reason: null };
  const page = { object: 'list', data: [{ ...item, reference: 'r' }], has_more: false, next_cursor: null };
  const { env } = await apiOf(({ path }) => ({ status: 200, body: path.includes('/items') ? page : { ...BATCH, state } }));
  expect((await runSluice(['batch', 'items', BATCH.id], { env })).stdout).toContain(shown);
});

test.each(BATCH_STATES)('%s: it is paused or cancelling only as long as it has not ended', (state) => {
  const batch = { ...BATCH, state, outcome: 'full', paused: true, cancelling: true } as unknown as Batch;
  const open = !isTerminalBatch(state);
  expect(batchFacts(batch).includes('paused, cancelling')).toBe(open);
  expect(stateLine(batch)).toBe(open ? `${state}, paused, cancelling` : state);
  expect(isPaused({ ...batch, cancelling: false })).toBe(open);
});

describe('what a pause or a cancel leaves behind', () => {
  const some = fc.integer({ min: 0, max: 1_000 });
  const halted = fc.record({ ...{ toSend: some, beingSent: some, unknown: some, submitted: some, paid: some, cancelled: some, blocked: some } });

  test('counts and sentence agree: what is being sent is not to be sent as well', () => {
    fc.assert(
      fc.property(halted, ({ toSend, beingSent, ...counts }) => {
        const { unknown, submitted, paid, cancelled, blocked } = counts;
        const already_sent = beingSent + unknown + submitted + paid;
        const not_sent = toSend + cancelled + blocked;
        const item_count = already_sent + not_sent;
        const open = toSend + beingSent + unknown + submitted;
        const batch = { ...BATCH, state: 'executing', item_count, already_sent, not_sent, counts: { ...BATCH.counts, ...counts, open } };
        const shown = disjointCounts(batch as unknown as Batch);
        expect([shown['to send'], shown['being sent']]).toEqual([toSend, beingSent]);
        expect(Object.values(shown).reduce((sum, count) => sum + count, 0)).toBe(item_count);
        const line = sentLine(batch as unknown as Batch);
        if (item_count === 0) expect(line).toBe('');
        else if (already_sent === 0) expect(line).toBe(`None of its ${countOf(item_count, 'payment')} was sent.`);
        else {
          expect(line).toContain(`Of ${countOf(item_count, 'payment')} ${already_sent} ${already_sent === 1 ? 'is' : 'are'} sent`);
          expect([line.includes('being sent'), line.includes('in doubt')]).toEqual([unknown === 0 || beingSent > 0, unknown > 0]);
        }
      }),
    );
  });

  test('an answer that does not tell them apart says so', () => {
    expect(countsLine({ ...BATCH, state: 'executing' } as unknown as Batch)).toBe('to send or being sent 2');
    expect(sentLine(BATCH as unknown as Batch)).toBe('');
  });

  test('batch pause prints both', async () => {
    const counts = { ...BATCH.counts, open: 2 };
    const { env } = await apiOf(() => ({ status: 200, body: { ...BATCH, state: 'executing', paused: true, counts, already_sent: 1, not_sent: 1 } }));
    const { stdout } = await runSluice(['batch', 'pause', BATCH.id], { env });
    expect(stdout).toContain('to send 1, being sent 1');
    expect(stdout).toContain('Of 2 payments 1 is sent or being sent and is settled all the same; 1 was not sent.');
  });
});

test('after a batch that paid in part, each kind that was not paid has its command', () => {
  const said: string[][] = [];
  const cli = { suggest: (...lines: string[]) => said.push(lines), besideStack: false, as: undefined };
  const counts = { ...BATCH.counts, open: 0, paid: 1, failed: 1, returned: 2, blocked: 3 };
  suggestNext(cli as unknown as Cli, { ...BATCH, state: 'completed', counts } as unknown as Batch);
  expect(said).toEqual([['failed', 'returned', 'blocked'].map((state) => `sluice batch items ${BATCH.id} --state ${state}`)]);
});

test.each(['failed', 'returned', 'blocked', null])(
  'after a batch that ran, the next step shows what is %s, else takes the evidence into a file',
  async (state) => {
    const counts = { ...BATCH.counts, open: 0, paid: 1, ...(state === null ? {} : { [state]: 1 }) };
    const next = state === null ? `batch evidence ${BATCH.id} --out evidence.json` : `batch items ${BATCH.id} --state ${state}`;
    for (const ended of ['completed', 'failed'] as const)
      expect(nextStep({ ...BATCH, state: ended, counts } as unknown as Batch, { besideStack: false })).toBe(`sluice ${next}`);
    const { env } = await apiOf(({ path }) =>
      path.endsWith('/events')
        ? { events: 'event: end\ndata: {"state":"completed"}\n\n' }
        : { status: 200, body: { ...BATCH, state: 'completed', outcome: 'full', counts } },
    );
    expect((await runSluice(['batch', 'watch', BATCH.id], { env })).stderr).toContain(`next: sluice ${next}`);
  },
);
