import { describe, expect, test } from '@jest/globals';
import { endingOf } from '../../cli/ending.js';
import { type Batch, nextStep } from '../../cli/render/batch.js';
import { typedAmount } from '../../cli/typed-amount.js';
import { ProblemError } from '../../client/problem-error.js';
import { ROUTES, type RouteId } from '../../contracts/routes.js';
import { type Permission, ROLES, type Role } from '../../domain/permissions.js';
import { BATCH } from './run-sluice.js';

const hintOf = (code: string, acting: { besideStack: boolean; as?: string }) => {
  const more = { shortfall: 227_574_169, currency: 'EUR', funding_account: 'acct_1', proposal_id: 'proposal_1' };
  const errors = [{ field: 'funding_account', reason: 'no_such_account', message: 'm' }];
  const problem = { title: 't', detail: 'd', code, request_id: 'r', errors, ...more };
  return endingOf(new ProblemError(problem as never, null), { flags: [], options: {}, ...acting }).hint ?? '';
};
const batchHint = (more: object, acting: { besideStack: boolean; as?: string }) => nextStep({ ...BATCH, ...more } as unknown as Batch, acting) ?? '';

type Acting = { besideStack: boolean; as?: string };
const HINTS: readonly [string, RouteId, (acting: Acting) => string][] = [
  ['without funds', 'top_up', (acting) => hintOf('insufficient_funds', acting)],
  ['without an account', 'create_account', (acting) => hintOf('invalid_request', acting)],
  ['of items in another proposal', 'confirm_proposal', (acting) => hintOf('items_proposed', acting)],
  ['of a draft', 'submit_payout_batch', (acting) => batchHint({ state: 'draft' }, acting)],
  ['of a paused batch', 'resume_payout_batch', (acting) => batchHint({ state: 'executing', paused: true }, acting)],
];
const holds = (role: string, route: RouteId) => (ROLES[role as Role] as readonly Permission[]).includes(ROUTES[route].permission as Permission);

describe('a command that is suggested', () => {
  test.each(HINTS)('%s names somebody who may run it', (_what, route, hint) => {
    for (const as of [undefined, 'preparer', 'approver', 'authorizer', 'executor', 'auditor']) {
      const suggested = hint({ besideStack: true, ...(as ? { as } : {}) });
      const acting = /^sluice --as (\w+) /.exec(suggested)?.[1] ?? as;
      expect([suggested, acting !== undefined && holds(acting, route)]).toEqual([suggested, true]);
    }
    expect(hint({ besideStack: false })).toMatch(/^sluice (?!--as).* {3}\(.*somebody who may: .* or an admin\)$/);
  });

  test('to top up is one that takes the amount', () => {
    expect(hintOf('insufficient_funds', { besideStack: true, as: 'authorizer' })).toContain(
      'sluice --as preparer ledger top-up 2275741.69 --account acct_1',
    );
  });
});

describe('an amount that people type', () => {
  test.each([
    ['2275741.69', 'EUR', 227_574_169n],
    ['2,275,741.69', 'EUR', 227_574_169n],
    ['1250', 'JPY', 1_250n],
  ])('%s %s is taken', (text, currency, minor) => {
    expect(typedAmount(text, currency)).toBe(minor);
  });

  test.each([
    ['1,250', 'EUR', /a comma may stand for a point or for thousands/],
    ['1,25.00', 'EUR', /a comma/],
    ['1.250,00', 'EUR', /a comma/],
    ['1,250', 'JPY', /JPY has no decimals/],
    ['ten', 'EUR', /digits with a point/],
  ])('%s %s is refused with what is wrong', (text, currency, message) => {
    expect(() => typedAmount(text, currency)).toThrow(message);
  });
});
