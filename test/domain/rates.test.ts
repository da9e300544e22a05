import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { grantOf, leaseOf, limitInWords, policyOf, RATE_CLASSES, RATE_SUBJECTS, RATES, type RateLimit, withRates } from '../../domain/rates.js';

const limits = fc.record({ requests: fc.integer({ min: 1, max: 100_000 }), seconds: fc.integer({ min: 1, max: 86_400 }) });

describe('the table', () => {
  test('every class is counted by the network, which is known before anything else', () => {
    expect(RATE_CLASSES.filter((rateClass) => !RATES[rateClass].network)).toEqual([]);
  });

  test('a workspace has more than any one of its principals, so that one of them does not use up what is everybody’s', () => {
    const own = RATE_CLASSES.map((rateClass) => RATES[rateClass]).filter(({ principal }) => principal);
    expect(own).toHaveLength(5);
    for (const { principal, workspace } of own) {
      expect(workspace?.seconds).toBe(principal?.seconds);
      expect(workspace?.requests).toBeGreaterThanOrEqual(4 * (principal?.requests ?? Number.NaN));
    }
  });

  test('what can be guessed is tighter than all the rest, and sign-ins and codes are counted apart [S3-18] [S5-18]', () => {
    const perSecond = ({ requests, seconds }: RateLimit): number => requests / seconds;
    const network = (rateClass: (typeof RATE_CLASSES)[number]): number => perSecond(RATES[rateClass].network as RateLimit);
    for (const tight of ['sign_in', 'code', 'reset', 'letter'] as const)
      for (const wide of ['read', 'write', 'money', 'inbound'] as const) expect(network(tight)).toBeLessThanOrEqual(network(wide) / 50);
    expect(policyOf('sign_in', 'network')).not.toBe(policyOf('code', 'network'));
  });

  test('other limits take the place of those of the table, and only where it has one', () => {
    const changed = withRates(RATES, { sign_in: { network: { requests: 5, seconds: 9 }, principal: { requests: 1, seconds: 1 } } });
    expect(changed.sign_in).toEqual({ network: { requests: 5, seconds: 9 } });
    expect({ ...changed, sign_in: null }).toEqual({ ...RATES, sign_in: null });
  });

  test('each limit has a name and a sentence of its own', () => {
    const limit = { requests: 1_200, seconds: 60 };
    const all = RATE_CLASSES.flatMap((rateClass) => RATE_SUBJECTS.map((subject) => [rateClass, subject] as const));
    expect(new Set(all.map((one) => policyOf(...one))).size).toBe(all.length);
    expect(new Set(all.map((one) => limitInWords(...one, limit))).size).toBe(all.length);
    expect(limitInWords('sign_in', 'network', limit)).toBe('1,200 sign-ins from one network in 60 s');
  });
});

describe('shares of a limit', () => {
  test('whatever many processes ask for, in whichever order: together they are granted the limit, and never more', () => {
    fc.assert(
      fc.property(limits, fc.array(fc.integer({ min: 1, max: 5_000 }), { maxLength: 200 }), (limit, asks) => {
        let counted = 0;
        let granted = 0;
        for (const asked of asks) {
          counted += asked;
          const grant = grantOf(limit, asked, counted);
          expect(grant).toBeGreaterThanOrEqual(0);
          expect(grant).toBeLessThanOrEqual(asked);
          granted += grant;
        }
        expect(granted).toBe(Math.min(limit.requests, counted));
      }),
    );
  });

  test('a lease is a fiftieth, so that what a process holds unspent is little; of a tight limit it is one request', () => {
    fc.assert(fc.property(limits, (limit) => leaseOf(limit) >= 1 && leaseOf(limit) <= Math.max(1, limit.requests / 50)));
    for (const tight of [RATES.sign_in.network, RATES.reset.network, RATES.code.principal]) expect(leaseOf(tight as RateLimit)).toBe(1);
    expect(leaseOf(RATES.read.principal as RateLimit)).toBe(240);
  });
});
