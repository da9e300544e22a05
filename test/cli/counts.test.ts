import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Batch, batchFacts, countsLine, disjointCounts } from '../../cli/render/batch.js';
import { BATCH } from './run-sluice.js';

const some = fc.integer({ min: 0, max: 1_000 });
const counted = fc.record({
  waiting: some,
  ...{ unknown: some, submitted: some, paid: some, failed: some, returned: some, cancelled: some, excluded: some, blocked: some, was_unknown: some },
});

test('what people see counts each item once and adds up to the items of the batch', () => {
  fc.assert(
    fc.property(counted, ({ waiting, ...counts }) => {
      const { unknown, submitted, paid, failed, returned, cancelled, blocked } = counts;
      const items = waiting + unknown + submitted + paid + failed + returned + cancelled + blocked;
      const shown = disjointCounts({ counts: { ...counts, open: waiting + unknown + submitted } });
      expect(Object.values(shown).reduce((sum, count) => sum + count, 0)).toBe(items);
      const line = countsLine({ counts: { ...counts, open: waiting + unknown + submitted } });
      expect([...line.matchAll(/ (\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0)).toBe(items);
    }),
  );
});

test('a batch that is shown has its counts under its items; what was left out or in doubt stands apart', () => {
  const counts = { ...BATCH.counts, open: 5, unknown: 1, submitted: 2, paid: 4, failed: 1, excluded: 3, was_unknown: 2 };
  const shown = batchFacts({ ...BATCH, item_count: 10, counts } as unknown as Batch);
  expect(shown).toMatch(/^items +10\nof these +to send 2, submitted 2, unknown 1, paid 4, failed 1\nexcluded +3 more\nonce unknown +2$/m);
});
