import { describe, expect, test } from '@jest/globals';
import { BATCH, runSluice } from './run-sluice.js';
import { apiOf } from './scripted-api.js';

const PAUSED = { ...BATCH, state: 'executing', paused: true, reason: 'the bank called' };
const PERSON = '0198c2aa-7c1e-7b3d-9f10-a4c2e6b80d22';
const by = (role: string) => ({ actor: { type: 'user', personId: PERSON, role } });
const audit = (action: string, at: string, role = 'approver', result = 'ok') =>
  `id: 4\nevent: audit\ndata: ${JSON.stringify({ action, at, result, event: by(role) })}\n\n`;
const progress = (batch: object) => `event: progress\ndata: ${JSON.stringify(batch)}\n\n`;

/** An API whose stream of this batch says these events and stays open. */
const streaming = (batch: object, ...events: string[]) =>
  apiOf(({ path }) => (path.endsWith('/events') ? { events: events.join(''), open: true } : { status: 200, body: batch }));

describe('batch watch of a paused batch', () => {
  test('ends with exit code 1, says who paused it, since when and why, and how to go on', async () => {
    const { env } = await streaming(
      PAUSED,
      audit('batch.pause', '2026-01-01T00:00:00Z', 'executor'),
      audit('batch.resume', '2026-01-01T00:01:00Z'),
      audit('batch.pause', '2026-01-01T00:02:00Z', 'preparer', 'forbidden'),
      audit('batch.pause', '2026-01-01T00:03:00Z', 'approver'),
      audit('batch.pause', '2026-01-01T00:04:00Z', 'authorizer'),
      progress(PAUSED),
    );
    const { code, stderr } = await runSluice(['batch', 'watch', BATCH.id], { env });
    expect(code).toBe(1);
    expect(stderr).toContain('executing, paused: ');
    expect(stderr).toContain('paused since 2026-01-01T00:03:00Z by approver person_0198c2aa7c1e7b3d9f10a4c2e6b80d22, because: the bank called.');
    expect(stderr).toContain(`next: sluice batch resume ${BATCH.id}`);
  });

  test('the event that says who paused it may come after the pause', async () => {
    const { env } = await streaming(PAUSED, progress(PAUSED), audit('batch.pause', '2026-01-01T00:03:00Z'));
    const { code, stderr } = await runSluice(['--json', 'batch', 'watch', BATCH.id], { env });
    expect([code, stderr]).toEqual([1, expect.stringContaining('paused since 2026-01-01T00:03:00Z by approver')]);
  });

  test('the event may not come at all', async () => {
    const { env } = await streaming(PAUSED, progress(PAUSED));
    const { code, stderr } = await runSluice(['batch', 'watch', BATCH.id], { env });
    expect([code, stderr]).toEqual([1, expect.stringContaining('The batch is paused, because: the bank called.')]);
  });

  test('a batch that was resumed is followed to its end', async () => {
    const over = { ...BATCH, state: 'completed', outcome: 'full' };
    const { env } = await streaming(
      over,
      audit('batch.pause', '2026-01-01T00:00:00Z'),
      audit('batch.resume', '2026-01-01T00:01:00Z'),
      progress({ ...BATCH, state: 'executing' }),
      progress(over),
      'event: end\ndata: {"state":"completed"}\n\n',
    );
    expect((await runSluice(['batch', 'watch', BATCH.id], { env })).code).toBe(0);
  });

  test('its help says so', async () => {
    expect((await runSluice(['batch', 'watch', '--help'])).stdout).toContain('who paused it and since when, and ends with exit code 1');
  });
});

test('after a pause the next step is to resume; of a cancelled batch it is not', async () => {
  const { env } = await apiOf(() => ({ status: 200, body: { ...PAUSED, already_sent: 1, not_sent: 1 } }));
  expect((await runSluice(['batch', 'pause', BATCH.id], { env })).stderr).toContain(`next: sluice batch resume ${BATCH.id}`);
  const cancelled = await apiOf(() => ({ status: 200, body: { ...PAUSED, cancelling: true } }));
  expect((await runSluice(['batch', 'show', BATCH.id], { env: cancelled.env })).stderr).not.toContain('resume');
});

test.each([
  ['pause', 'paused', PAUSED],
  ['cancel', 'cancelled', { ...PAUSED, paused: false, cancelling: true }],
])('a second %s: the reason that is not stored is said to be, and who did it first', async (verb, done, batch) => {
  const events = [audit(`batch.${verb}`, '2026-01-01T00:01:00Z', 'executor'), audit(`batch.${verb}`, '2026-01-01T00:02:00Z'), progress(batch)];
  const { env } = await streaming(batch, ...events);
  const again = await runSluice(['batch', verb, BATCH.id, '--reason', 'another'], { env });
  expect(again.stderr).toContain(`The batch was ${done} already, since 2026-01-01T00:01:00Z by executor person_`);
  expect(again.stderr).toContain('; your reason was not stored.');
  for (const more of [[], ['--reason', 'the bank called']])
    expect((await runSluice(['batch', verb, BATCH.id, ...more], { env })).stderr).not.toContain('already');
});
