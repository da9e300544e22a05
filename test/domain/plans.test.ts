import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  accessRefusal,
  auditInWords,
  limitInWords,
  limitRefusal,
  PLAN_LIMITS,
  PLAN_NAMES,
  PLANS,
  type Plan,
  planAllowing,
} from '../../domain/plans.js';

const plans = fc.constantFrom(...PLAN_NAMES);
const limits = fc.constantFrom(...PLAN_LIMITS);
const counts = fc.integer({ min: 0, max: 2_000_000 });
const allows = (plan: Plan, limit: (typeof PLAN_LIMITS)[number], count: number): boolean => (PLANS[plan].limits[limit] ?? count) >= count;

describe('the table of plans', () => {
  test('starter and pro have no access by API key, and the others have it [S2-16]', () => {
    expect(PLAN_NAMES.filter((plan) => PLANS[plan].apiAccess)).toEqual(['team', 'growth', 'enterprise']);
    for (const plan of PLAN_NAMES) expect(PLANS[plan].limits.api_keys === 0).toBe(!PLANS[plan].apiAccess);
  });

  test('no limit falls from one plan to the next, and the last sets none', () => {
    const wide = (plan: Plan) => [...PLAN_LIMITS.map((limit) => PLANS[plan].limits[limit]), PLANS[plan].auditYears].map((most) => most ?? Infinity);
    for (const [i, plan] of PLAN_NAMES.entries())
      for (const smaller of PLAN_NAMES.slice(0, i))
        for (const [at, most] of wide(plan).entries()) expect(most).toBeGreaterThanOrEqual(wide(smaller)[at] ?? 0);
    expect(new Set(wide('enterprise'))).toEqual(new Set([Infinity]));
  });

  test('the smallest has room for four people who pay a batch, and an owner', () => {
    expect(PLANS.starter.limits.people).toBeGreaterThanOrEqual(5);
  });
});

describe('a refusal', () => {
  test('comes exactly when there would be more than the plan allows', () => {
    fc.assert(
      fc.property(plans, limits, counts, (plan, limit, used) => {
        expect(limitRefusal(plan, limit, used) === null).toBe(allows(plan, limit, used + 1));
        expect(limitRefusal(plan, limit, used, used) === null).toBe(allows(plan, limit, used));
      }),
    );
  });

  test('names the limit, what is used, and the smallest plan that would allow it', () => {
    fc.assert(
      fc.property(plans, limits, counts, (plan, limit, used) => {
        const refusal = limitRefusal(plan, limit, used);
        if (!refusal) return;
        const allowing = planAllowing(limit, used + 1);
        expect(refusal).toMatchObject({ code: 'plan_limit', extra: { plan, limit, allowed: PLANS[plan].limits[limit], used, allowed_by: allowing } });
        expect(allows(allowing, limit, used + 1)).toBe(true);
        for (const smaller of PLAN_NAMES.slice(0, PLAN_NAMES.indexOf(allowing))) expect(allows(smaller, limit, used + 1)).toBe(false);
        expect(refusal.detail).toContain(`The plan ${plan} allows ${limitInWords(limit, PLANS[plan].limits[limit])}`);
        expect(refusal.detail).toContain(used.toLocaleString('en'));
        expect(refusal.detail).toContain(`The plan ${allowing} allows it`);
      }),
    );
  });

  test('of an API key names the smallest plan that lets keys in [S2-16]', () => {
    expect(PLAN_NAMES.map((plan) => accessRefusal(plan)?.code ?? null)).toEqual(['plan_required', 'plan_required', null, null, null]);
    expect(accessRefusal('starter')).toMatchObject({
      detail: expect.stringContaining('The plan team allows it'),
      extra: { plan: 'starter', allowed_by: 'team' },
    });
  });
});

test('limits and times are said in words', () => {
  expect(limitInWords('batches', 1_000)).toBe('1,000 batches a day');
  expect(limitInWords('people', null)).toBe('any number of people');
  expect([1, 7, null].map((auditYears) => auditInWords({ auditYears }))).toEqual(['1 year', '7 years', 'as long as the installation']);
});
