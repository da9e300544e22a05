import { expect, test } from '@jest/globals';
import { unfitCharacter } from '../../domain/text.js';
import { BATCH, problemOf, runSluice } from './run-sluice.js';
import { apiOf } from './scripted-api.js';

/** Turns the direction of what follows, clears the screen, hides a letter, breaks the line, and draws a person at a computer, who is fit. */
const DECEIVING = 'Ana \u202e00.999 RUE\u202c\u001b[2J\u200b\u2028end 👩🏽\u200d💻';
const LIST = {
  object: 'list',
  data: [{ ...BATCH, external_id: DECEIVING, description: DECEIVING, reason: DECEIVING }],
  has_more: false,
  next_cursor: null,
};

const unfitIn = (printed: string) => unfitCharacter(printed, { lines: true });

test('what strangers wrote is printed with its unfit characters escaped, and what is fit as it is', async () => {
  const { env } = await apiOf(() => ({ status: 200, body: LIST }));
  const { code, stdout } = await runSluice(['batch', 'list'], { env });
  expect([code, unfitIn(stdout)]).toEqual([0, null]);
  expect(stdout).toContain('Ana \\u{202e}00.999 RUE\\u{202c}\\u{1b}[2J\\u{200b}\\u{2028}end 👩🏽\u200d💻');
});

test('JSON says exactly what the API answered, in escapes', async () => {
  const { env } = await apiOf(() => ({ status: 200, body: LIST }));
  const { stdout } = await runSluice(['batch', 'list', '--json'], { env });
  expect(unfitIn(stdout)).toBeNull();
  expect(JSON.parse(stdout)).toEqual(LIST);
});

test.each([['for people', []] as const, ['as JSON', ['--json']] as const])('a refusal deceives nobody either, %s', async (_form, flags) => {
  const { env } = await apiOf(() => problemOf('not_found', 404, { detail: DECEIVING }));
  const { code, stdout, stderr } = await runSluice(['batch', 'show', BATCH.id, ...flags], { env });
  expect(code).not.toBe(0);
  expect([unfitIn(stdout), unfitIn(stderr)]).toEqual([null, null]);
  expect(stderr).toContain('Ana \\u{202e}00.999');
});
