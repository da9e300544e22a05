import { describe, expect, test } from '@jest/globals';
import { type Freeze, refusalToConfirm, refusalToFreeze, refusalToThaw, refusalToWithdraw, tenantState } from '../../domain/freeze.js';
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
    expect(codeOf(refusalToWithdraw(frozen, 'ada'))).toBe('freeze_state');
    expect(codeOf(refusalToWithdraw(null, 'ada'))).toBe('freeze_state');
  });
});

test('no role and no key of a workspace holds a permission of operators, and operators hold none of a workspace', () => {
  expect([...Object.values(ROLES).flat(), ...KEY_SCOPES, ...PERMISSIONS].filter(isOperatorPermission)).toEqual([]);
  expect(OPERATOR_PERMISSIONS.filter((one) => (PERMISSIONS as readonly string[]).includes(one))).toEqual([]);
});
