import { describe, expect, test } from '@jest/globals';
import {
  CLOSED_DETAIL,
  FREEZE_STEPS,
  type Freeze,
  refusalToConfirm,
  refusalToFreeze,
  refusalToThaw,
  refusalToWithdraw,
  TENANT_STATES,
  tenantState,
} from '../../domain/freeze.js';
import { isOperatorPermission, KEY_SCOPES, OPERATOR_PERMISSIONS, PERMISSIONS, ROLES } from '../../domain/permissions.js';

const stopped: Freeze = { id: 'f', proposedBy: 'ada', confirmedBy: null, thawProposedBy: null };
const frozen: Freeze = { ...stopped, confirmedBy: 'ben' };
const thawing: Freeze = { ...frozen, thawProposedBy: 'ben' };
const codeOf = (refusal: { code: string } | null) => refusal?.code ?? null;

describe('a freeze', () => {
  test('stands where its steps have brought it, and a workspace that was stopped otherwise is stopped', () => {
    expect([null, stopped, frozen, thawing].map((freeze) => tenantState(freeze, freeze && new Date()))).toEqual([
      'open',
      'stopped',
      'frozen',
      'thawing',
    ]);
    expect(tenantState(null, new Date())).toBe('stopped');
    expect([TENANT_STATES, FREEZE_STEPS]).toEqual([
      ['open', 'stopped', 'frozen', 'thawing'],
      ['freeze', 'thaw'],
    ]);
  });

  test('tells why a step is not taken, what to do instead, and where it stands', () => {
    const confirming = (freeze: Freeze | null, step: 'freeze' | 'thaw', operatorId = 'eve', freezeId = 'f') =>
      refusalToConfirm(freeze, { freezeId, step, operatorId });
    const cases: [{ detail: string; extra?: object } | null, string | undefined, RegExp][] = [
      [refusalToFreeze(stopped), 'stopped', /^A freeze is asked for already\. Another operator .* confirms it\.$/],
      [refusalToFreeze(frozen), 'frozen', /^A freeze is asked for already\. Ask for the thaw/],
      [refusalToThaw(null), 'none', /nothing to thaw\.$/],
      [refusalToThaw(stopped), 'stopped', /not confirmed\. .* withdraws it/],
      [refusalToThaw(thawing), 'thawing', /^A thaw is asked for already\./],
      [confirming(null, 'freeze'), 'none', /not open any more\./],
      [confirming(stopped, 'freeze', 'eve', 'another'), 'stopped', /not open any more\./],
      [confirming(frozen, 'freeze'), 'frozen', /^No freeze waits/],
      [confirming(frozen, 'thaw'), 'frozen', /^No thaw waits/],
      [confirming(stopped, 'freeze', 'ada'), undefined, /^You asked for this freeze; another operator confirms it\.$/],
      [confirming(thawing, 'thaw', 'ben'), undefined, /^You asked for this thaw; another operator confirms it\.$/],
      [refusalToWithdraw(null, 'ada'), 'none', /nothing to withdraw\.$/],
      [refusalToWithdraw(stopped, 'ben'), undefined, /^Only who asked withdraws\./],
    ];
    for (const [refusal, state, says] of cases) {
      expect(refusal?.detail).toMatch(says);
      expect(refusal?.extra).toEqual(state === undefined ? undefined : { freeze: state });
    }
    expect(CLOSED_DETAIL).toMatch(/frozen by the platform\. Two of its operators thaw it/);
  });

  test('takes each step only where the one before has brought it', () => {
    const all = [null, stopped, frozen, thawing];
    expect(all.map(refusalToFreeze).map(codeOf)).toEqual([null, 'freeze_state', 'freeze_state', 'freeze_state']);
    expect(all.map(refusalToThaw).map(codeOf)).toEqual(['freeze_state', 'freeze_state', null, 'freeze_state']);
    const confirm = (step: 'freeze' | 'thaw') => all.map((freeze) => codeOf(refusalToConfirm(freeze, { freezeId: 'f', step, operatorId: 'eve' })));
    expect(confirm('freeze')).toEqual(['freeze_state', null, 'freeze_state', 'freeze_state']);
    expect(confirm('thaw')).toEqual(['freeze_state', 'freeze_state', 'freeze_state', null]);
  });

  test('is confirmed by another operator than the one who asked, and so is a thaw', () => {
    expect(codeOf(refusalToConfirm(stopped, { freezeId: 'f', step: 'freeze', operatorId: 'ada' }))).toBe('freeze_same_person');
    expect(codeOf(refusalToConfirm(thawing, { freezeId: 'f', step: 'thaw', operatorId: 'ben' }))).toBe('freeze_same_person');
    // Who asked for the freeze may confirm a thaw that another one asked for.
    expect(refusalToConfirm(thawing, { freezeId: 'f', step: 'thaw', operatorId: 'ada' })).toBeNull();
  });

  test('is confirmed as the one that was looked at', () => {
    expect(codeOf(refusalToConfirm(stopped, { freezeId: 'another', step: 'freeze', operatorId: 'ben' }))).toBe('freeze_state');
  });

  test('is withdrawn by who asked for it, and by nobody once it is confirmed', () => {
    expect([stopped, thawing].map((freeze) => codeOf(refusalToWithdraw(freeze, freeze === stopped ? 'ada' : 'ben')))).toEqual([null, null]);
    expect(codeOf(refusalToWithdraw(stopped, 'ben'))).toBe('forbidden');
    // Who asked for the freeze takes back no thaw that another one asked for.
    expect(codeOf(refusalToWithdraw(thawing, 'ada'))).toBe('forbidden');
    expect(codeOf(refusalToWithdraw(frozen, 'ada'))).toBe('freeze_state');
    expect(codeOf(refusalToWithdraw(null, 'ada'))).toBe('freeze_state');
  });
});

test('no role and no key of a workspace holds a permission of operators, and operators hold none of a workspace', () => {
  expect([...Object.values(ROLES).flat(), ...KEY_SCOPES, ...PERMISSIONS].filter(isOperatorPermission)).toEqual([]);
  expect(OPERATOR_PERMISSIONS.filter((one) => (PERMISSIONS as readonly string[]).includes(one))).toEqual([]);
});
