import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Actor } from '../../domain/actors.js';
import { BATCH_STATES } from '../../domain/batch/states.js';
import {
  CHALLENGE_MS,
  type ChallengeBinding,
  challengeBytes,
  GATE_PERMISSION,
  GATE_STATE,
  GATE_VERB,
  GATES,
  type GateQuestion,
  type GateStatement,
  gateBytes,
  gateDeadline,
  refusalToOpen,
} from '../../domain/gate.js';
import { holdersOf, KEY_SCOPES, PERMISSIONS, permissionsOfRoles, ROLE_NAMES, ROLES } from '../../domain/permissions.js';

/** Few people, so that one is often actor, preparer and earlier holder at once. */
const person = fc.constantFrom('ann', 'bob', 'cy', 'dee');
/** Any roles, with what they allow together. */
const held = { roles: fc.constant(['some']), permissions: fc.subarray([...ROLE_NAMES], { maxLength: 3 }).map((roles) => permissionsOfRoles(roles)) };
const scopes = fc.subarray([...PERMISSIONS]);
const actor: fc.Arbitrary<Actor> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('user' as const), personId: person, sessionId: fc.constant('s'), ...held }) },
  fc.record({ type: fc.constant('api_key' as const), keyId: fc.constant('k'), ownerPersonId: person, scopes }),
  fc.record({ type: fc.constant('agent' as const), agentId: fc.constant('a'), ownerPersonId: person, scopes }),
  fc.record({ type: fc.constant('support_impersonator' as const), operatorId: fc.constant('o'), personId: person, ...held }),
  fc.record({ type: fc.constant('system' as const), process: fc.constant('api' as const) }),
);
const gate = fc.constantFrom(...GATES);
const question: fc.Arbitrary<GateQuestion> = fc.record({
  gate,
  actor,
  state: fc.constantFrom(...BATCH_STATES),
  preparers: fc.array(person, { maxLength: 2 }),
  opened: fc.array(fc.record({ gate, personId: person }), { maxLength: 2 }),
});

test('only a person opens a gate: permitted, in the right state, no preparer, and new to this batch [S3-11] [S3-13]', () => {
  fc.assert(
    fc.property(question, (asked) => {
      const { actor: who } = asked;
      const allowed =
        who.type === 'user' &&
        who.permissions.includes(GATE_PERMISSION[asked.gate]) &&
        asked.state === GATE_STATE[asked.gate] &&
        (asked.gate === 'execute' || !asked.preparers.includes(who.personId)) &&
        asked.opened.every(({ personId }) => personId !== who.personId);
      expect(refusalToOpen(asked) === null).toBe(allowed);
    }),
    { numRuns: 5_000 },
  );
});

test('no sequence of attempts opens three gates with fewer than three people, or any gate by a preparer [S3-13]', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ actor, gate }), { maxLength: 60 }), fc.array(person, { minLength: 1, maxLength: 2 }), (attempts, preparers) => {
      const opened: { gate: (typeof GATES)[number]; personId: string }[] = [];
      for (const { actor: who, gate: tried } of attempts) {
        const state = (['queued', 'approved', 'authorized', 'executing'] as const)[opened.length] ?? 'executing';
        if (refusalToOpen({ gate: tried, actor: who, state, preparers, opened }) === null && who.type === 'user')
          opened.push({ gate: tried, personId: who.personId });
      }
      expect(opened.map(({ gate: done }) => done)).toEqual(GATES.slice(0, opened.length));
      expect(new Set(opened.map(({ personId }) => personId)).size).toBe(opened.length);
      for (const { gate: done, personId } of opened) expect(done !== 'execute' && preparers.some((preparer) => preparer === personId)).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});

test('the three gates are three permissions, and no role but admin and owner holds two of them [S3-11]', () => {
  expect(new Set(Object.values(GATE_PERMISSION)).size).toBe(3);
  for (const [name, permissions] of Object.entries(ROLES)) {
    const held = Object.values(GATE_PERMISSION).filter((permission) => (permissions as readonly string[]).includes(permission));
    expect(held.length).toBeLessThanOrEqual(name === 'admin' || name === 'owner' ? 3 : 1);
  }
});

test('no scope of a key or an agent is a gate', () => {
  for (const permission of Object.values(GATE_PERMISSION)) expect(KEY_SCOPES).not.toContain(permission);
});

test('every refusal names its code, and the state that was found', () => {
  const who: Actor = { type: 'user', personId: 'ann', sessionId: 's', roles: ['admin'], permissions: ROLES.admin };
  const base: GateQuestion = { gate: 'approve', actor: who, state: 'queued', preparers: [], opened: [] };
  const cases: [Partial<GateQuestion>, string][] = [
    [{ actor: { type: 'system', process: 'api' } }, 'gate_needs_person'],
    [{ actor: { ...who, permissions: ROLES.auditor } }, 'forbidden'],
    [{ state: 'rejected' }, 'wrong_state'],
    [{ preparers: ['ann'] }, 'preparer_cannot_open'],
    [{ opened: [{ gate: 'approve', personId: 'ann' }] }, 'gate_same_person'],
  ];
  expect(refusalToOpen(base)).toBeNull();
  for (const [change, code] of cases) {
    const refusal = refusalToOpen({ ...base, ...change });
    expect([refusal?.code, refusal?.detail]).toEqual([code, expect.stringMatching(/^[A-Za-z].{20,}[a-z]\.$/)]);
  }
  expect(refusalToOpen({ ...base, state: 'rejected' })?.extra).toEqual({ state: 'rejected' });
});

test('the canonical form of a gate is fixed, and says everything: any change of any member changes it', () => {
  const statement: GateStatement = {
    id: 'gate',
    tenantId: 'tenant',
    batchId: 'batch',
    gate: 'approve',
    contentVersion: 1,
    digest: Uint8Array.of(0xab),
    challengeId: 'challenge',
    personId: 'person',
    factorId: 'factor',
    timeStep: 2,
    eventId: 'event',
  };
  const text = (over: Partial<GateStatement> = {}) => new TextDecoder().decode(gateBytes({ ...statement, ...over }));
  expect(text()).toBe(
    '{"batch_id":"batch","challenge_id":"challenge","content_version":1,"digest":"ab","domain":"sluice-gate-v1","event_id":"event","factor_id":"factor","gate":"approve","gate_id":"gate","person_id":"person","tenant_id":"tenant","time_step":2}',
  );
  for (const [member, value] of Object.entries(statement)) {
    const other = typeof value === 'number' ? value + 1 : typeof value === 'string' ? `${value}x` : Uint8Array.of(0xac);
    expect(text({ [member]: other })).not.toBe(text());
  }
});

test('a refusal of a role names the roles that may', () => {
  expect(holdersOf('payees.hold')).toBe('an approver, an authorizer, an executor or an admin');
  const actor: Actor = { type: 'user', personId: 'ann', sessionId: 's', roles: ['auditor'], permissions: ROLES.auditor };
  const refusal = refusalToOpen({ gate: 'execute', actor, state: 'authorized', preparers: [], opened: [] });
  expect(refusal?.detail).toBe('None of your roles has gates.execute; an executor or an admin may.');
});

test('three people open the gates in their order, each from the state that the one before made, and with the permission of its name', () => {
  const order = [
    ['approve', 'queued'],
    ['authorize', 'approved'],
    ['execute', 'authorized'],
  ] as const;
  expect(GATES).toEqual(order.map(([gate]) => gate));
  const opened: { gate: (typeof GATES)[number]; personId: string }[] = [];
  for (const [at, [gate, state]] of order.entries()) {
    const actor: Actor = { type: 'user', personId: `person ${at}`, sessionId: 's', roles: [], permissions: [`gates.${gate}`] };
    for (const other of BATCH_STATES)
      expect([other, refusalToOpen({ gate, actor, state: other, preparers: [], opened })?.code ?? null]).toEqual([
        other,
        other === state ? null : 'wrong_state',
      ]);
    expect([GATE_PERMISSION[gate], GATE_STATE[gate], GATE_VERB[gate]]).toEqual([`gates.${gate}`, state, gate]);
    opened.push({ gate, personId: actor.personId });
  }
});

test('a gate waits for seven days, and never past the time by which the batch has to execute; a challenge for five minutes', () => {
  const now = new Date('2026-05-04T12:00:00Z');
  const in7Days = new Date('2026-05-11T12:00:00Z');
  const [sooner, later] = [new Date(in7Days.getTime() - 1), new Date(in7Days.getTime() + 1)];
  expect([null, sooner, in7Days, later].map((executeBy) => gateDeadline(now, executeBy))).toEqual([in7Days, sooner, in7Days, in7Days]);
  expect(CHALLENGE_MS).toBe(300_000);
});

test('the canonical form of a challenge is fixed, and says everything: any change of any member changes it', () => {
  const binding: ChallengeBinding = {
    challengeId: 'challenge',
    tenantId: 'tenant',
    personId: 'person',
    gate: 'approve',
    batchId: 'batch',
    contentVersion: 1,
    digest: Uint8Array.of(0xab),
    expiresAt: '2026-05-04T12:00:00Z',
  };
  const text = (over: Partial<ChallengeBinding> = {}) => new TextDecoder().decode(challengeBytes({ ...binding, ...over }));
  expect(text()).toBe(
    '{"batch_id":"batch","challenge_id":"challenge","content_version":1,"digest":"ab","domain":"sluice-challenge-v1","expires_at":"2026-05-04T12:00:00Z","gate":"approve","person_id":"person","tenant_id":"tenant"}',
  );
  for (const [member, value] of Object.entries(binding)) {
    const other = typeof value === 'number' ? value + 1 : typeof value === 'string' ? `${value}x` : Uint8Array.of(0xac);
    expect(text({ [member]: other })).not.toBe(text());
  }
});
