import { expect, test } from '@jest/globals';
import { attentionLines } from '../../cli/render/attention.js';
import type { Batch } from '../../cli/render/batch.js';
import { BATCH } from './run-sluice.js';

const linesOf = (more: object) => attentionLines({ ...BATCH, ...more } as unknown as Batch);

test('each word of attention is said in a line, and who sees the rows', () => {
  expect(linesOf({})).toEqual([]);
  const lines = linesOf({ state: 'approved', attention: ['changed_destinations', 'exceptions', 'a_new_word'] });
  expect(lines).toEqual([
    ...['', 'Look at this first:'],
    '  changed_destinations: payees go to another account than the one that was paid last',
    `  exceptions: people have to look at exceptions of it: sluice exceptions list --batch ${BATCH.id}`,
    '  a_new_word',
    `  Payees and amounts: whoever may open the gate sees them before the code is asked for (sluice batch authorize ${BATCH.id}).`,
  ]);
});
