import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  ANOMALIES,
  ANOMALY_KINDS,
  anomalyOf,
  lastStepAt,
  stepsAt,
  subjectOf,
  THRESHOLD_MAX,
  type Thresholds,
  thresholdProblem,
} from '../../domain/anomalies.js';
import { PROBLEMS, type ProblemCode } from '../../domain/problems.js';

const CODES = Object.keys(PROBLEMS) as ProblemCode[];
const threshold = fc.integer({ min: 1, max: 50 });
const thresholds: fc.Arbitrary<Thresholds> = fc.record({ alertAt: threshold, suspendAt: fc.option(threshold) });

describe('what counts', () => {
  test('toward a suspension is refused after the secret of the key was found right: never a credential that is unknown [S2-20]', () => {
    const ofKeys = CODES.filter((code) => anomalyOf('api_key', code) !== null).sort();
    expect(ofKeys).toEqual(['forbidden', 'network_not_allowed', 'not_found', 'signature_invalid']);
    for (const code of ['unauthenticated', 'key_suspended', 'rate_limited', 'workspace_frozen', 'internal'] as const)
      expect([anomalyOf('api_key', code), anomalyOf('person', code)]).toEqual([null, null]);
  });

  test('is counted for keys and people alone', () => {
    expect(subjectOf({ type: 'api_key', keyId: 'k', ownerPersonId: 'p', scopes: [] })).toEqual({ type: 'api_key', id: 'k' });
    expect(subjectOf({ type: 'user', personId: 'p', sessionId: 's', roles: [], permissions: [] })).toEqual({ type: 'person', id: 'p' });
    for (const actor of [
      { type: 'system', process: 'api' },
      { type: 'operator', operatorId: 'o', operatorKeyId: 'k' },
      { type: 'email_link', linkId: 'l', personId: 'p' },
    ] as const)
      expect(subjectOf(actor)).toBeNull();
  });
});

describe('the table', () => {
  test('lists a refusal once for each kind of subject, so that none is counted twice', () => {
    const listed = ANOMALY_KINDS.flatMap((kind) => ANOMALIES[kind].codes.map((code) => `${ANOMALIES[kind].subject} ${code}`));
    expect(new Set(listed).size).toBe(listed.length);
  });

  test('has defaults that a workspace could set, and suspends keys alone', () => {
    for (const kind of ANOMALY_KINDS) {
      const { subject, defaults } = ANOMALIES[kind];
      expect([kind, thresholdProblem(kind, defaults)]).toEqual([kind, null]);
      expect(lastStepAt(defaults)).toBeLessThanOrEqual(THRESHOLD_MAX);
      expect([kind, defaults.suspendAt !== null]).toEqual([kind, subject === 'api_key' && kind !== 'signature_refused']);
    }
  });
});

describe('in one window', () => {
  /** The counts at which each step is taken, when each caller carries out what it is told. */
  const run = (rule: Thresholds, refusals: number) => {
    const steps = { alert: [] as number[], suspend: [] as number[] };
    for (let count = 1; count <= refusals; count++)
      for (const step of stepsAt(rule, { count, alerted: steps.alert.length > 0 })) steps[step].push(count);
    return steps;
  };

  test('one alert is due, at its threshold and not before; a suspension from its threshold on', () => {
    fc.assert(
      fc.property(thresholds, fc.integer({ min: 0, max: 120 }), (rule, refusals) => {
        const { alert, suspend } = run(rule, refusals);
        expect(alert).toEqual(refusals >= rule.alertAt ? [rule.alertAt] : []);
        expect(suspend[0]).toBe(rule.suspendAt !== null && refusals >= rule.suspendAt ? rule.suspendAt : undefined);
      }),
    );
  });

  test('nothing new follows after the last threshold', () => {
    fc.assert(
      fc.property(thresholds, (rule) => {
        const { alert, suspend } = run(rule, lastStepAt(rule));
        expect([alert.length, suspend.length > 0]).toEqual([1, rule.suspendAt !== null]);
      }),
    );
  });
});

test('a person is never suspended, and no key below the number that is told', () => {
  expect(thresholdProblem('person_code_wrong', { alertAt: 1, suspendAt: 5 })).toMatchObject({ field: 'suspend_at' });
  expect(thresholdProblem('key_forbidden', { alertAt: 6, suspendAt: 5 })).toMatchObject({ field: 'suspend_at' });
  for (const suspendAt of [6, 7, null]) expect(thresholdProblem('key_forbidden', { alertAt: 6, suspendAt })).toBeNull();
});
