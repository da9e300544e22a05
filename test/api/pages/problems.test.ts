import { expect, test } from '@jest/globals';
import { GATE_ROUTES } from '../../../contracts/routes/gates.js';
import { PROBLEMS } from '../../../domain/problems.js';
import { loadCall, loadProblem } from './page-modules.js';

const { problemText } = await loadProblem();
const { Refused, NoAnswer } = await loadCall();

const refused = (code: keyof typeof PROBLEMS, more: object = {}) =>
  new Refused({ code, title: PROBLEMS[code].title, detail: `Detail of ${code}.`, request_id: 'req_1', ...more });

test('every refusal of a gate says title, detail and what to do next', () => {
  const general = problemText(refused('internal')).next;
  const codes = [...GATE_ROUTES.ask_challenge.problems, ...GATE_ROUTES.authorize_payout_batch.problems];
  for (const code of new Set(codes)) {
    const said = problemText(refused(code));
    expect(said).toMatchObject({ title: PROBLEMS[code].title, detail: `Detail of ${code}.`, request: `${code}, request req_1` });
    expect([code, said.next]).not.toEqual([code, general]);
  }
});

test('an edited batch is said to be, with what to do about it', () => {
  expect(problemText(refused('challenge_stale')).next).toBe('The batch was edited, so nothing was opened. Look at it again, then decide anew.');
});

test('faults of single fields, a wait, a lost answer and what a browser says are told apart', () => {
  expect(problemText(refused('invalid_request', { errors: [{ field: 'name', message: 'a name has a letter in it' }] })).faults).toEqual([
    'name: a name has a letter in it',
  ]);
  expect(problemText(refused('rate_limited', { retry_after_seconds: 12.2 })).next).toBe('Try again in 13 s.');
  expect(problemText(new NoAnswer('Failed to fetch', { mayBeDone: true }))).toMatchObject({
    title: 'No answer came',
    detail: 'Nobody knows yet whether it was done. Failed to fetch',
    next: expect.stringContaining('Load this page'),
  });
  expect(problemText(new NoAnswer('Failed to fetch', { mayBeDone: false })).detail).toBe('Failed to fetch');
  expect(problemText(new DOMException('x', 'NotAllowedError')).title).toBe('No passkey was used');
  expect(problemText(new DOMException('x', 'InvalidStateError')).title).toBe('This device has a passkey of yours already');
  expect(problemText(new DOMException('x', 'SecurityError')).next).toContain('http://localhost');
  expect(problemText(new Error('a fault'))).toMatchObject({ title: 'Something went wrong', detail: 'a fault' });
});
