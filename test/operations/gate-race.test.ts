import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { GATES } from '../../domain/gate.js';
import { openGate } from '../../operations/gate/open.js';
import { cancelPayoutBatch } from '../../operations/payout-batch/cancel.js';
import { rejectPayoutBatch } from '../../operations/payout-batch/reject.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { codeOf } from '../world/wire.js';

jest.setTimeout(120_000);

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

const AT_ONCE = 64;

type Outcome = { ok: true } | { ok: false; refusal: { code: string; extra?: Record<string, unknown> } };
const countOf = (codes: string[]): Record<string, number> => {
  const count: Record<string, number> = {};
  for (const code of codes) count[code] = (count[code] ?? 0) + 1;
  return count;
};

const lastStepOf = async (who: Person) =>
  (await world.sql<{ last_step: string }>('SELECT last_step FROM factor WHERE id = $1', [who.factorId]))[0]?.last_step;

describe('one code', () => {
  test.each(GATES)('64 concurrent uses of one code on one challenge open %s exactly once [S3-07]', async (gate) => {
    const { batch, who } = await world.waitingFor(gate);
    const input = { gate, batch_id: batch.id, challenge_id: await world.challenge(who, gate, batch.id), code: await world.code(who) };
    const codes = (await Promise.all(Array.from({ length: AT_ONCE }, () => openGate(world.as(who), input)))).map(codeOf);
    expect(countOf(codes)).toEqual({ ok: 1, challenge_used: AT_ONCE - 1 });
    expect((await world.results(batch.id, `gate.${gate}`)).sort()).toEqual(codes.sort());
    expect(await world.sql('SELECT 1 FROM gate WHERE batch_id = $1 AND gate = $2', [batch.id, gate])).toHaveLength(1);
  });

  test('one code at 16 gates at once opens exactly one of them, and the others say how long to wait [S3-07]', async () => {
    const who = await world.person('approver');
    const batches = [];
    for (let i = 0; i < 16; i++) batches.push(await world.batch());
    const challenges = await Promise.all(batches.map(({ id }) => world.challenge(who, 'approve', id)));
    const code = await world.code(who);
    const outcomes = await Promise.all(
      batches.map(({ id }, i) => openGate(world.as(who), { gate: 'approve', batch_id: id, challenge_id: challenges[i] ?? '', code })),
    );
    expect(countOf(outcomes.map(codeOf))).toEqual({ ok: 1, otp_step_used: 15 });
    for (const outcome of outcomes)
      if (!outcome.ok) {
        expect(outcome.refusal.extra?.['retry_after_seconds']).toBeGreaterThanOrEqual(1);
        expect(outcome.refusal.extra?.['retry_after_seconds']).toBeLessThanOrEqual(60);
      }
    const loser = outcomes.findIndex((outcome) => !outcome.ok);
    const next = {
      gate: 'approve' as const,
      batch_id: batches[loser]?.id ?? '',
      challenge_id: challenges[loser] ?? '',
      code: await world.code(who, 1),
    };
    expect(codeOf(await openGate(world.as(who), next))).toBe('ok');
  });
});

describe('wrong codes', () => {
  test.each(GATES)('%s does not open by a wrong code; it is audited and changes nothing [S3-07]', async (gate) => {
    const { batch, who } = await world.waitingFor(gate);
    const challenge_id = await world.challenge(who, gate, batch.id);
    const input = { gate, batch_id: batch.id, challenge_id, code: await world.wrongCode(who) };
    expect(await openGate(world.as(who), input)).toMatchObject({ ok: false, refusal: { code: 'code_wrong', extra: { failures_left: 4 } } });
    expect(await world.results(batch.id, `gate.${gate}`)).toEqual(['code_wrong']);
    expect(await world.sql('SELECT 1 FROM gate WHERE batch_id = $1 AND gate = $2', [batch.id, gate])).toHaveLength(0);
    expect(await lastStepOf(who)).toBe('0');
    expect(codeOf(await openGate(world.as(who), { ...input, code: await world.code(who) }))).toBe('ok');
  });

  test('five wrong codes lock the account, whatever session, challenge, batch or concurrency they came by', async () => {
    const who = await world.person('approver');
    const [one, other] = [await world.batch(), await world.batch()];
    const wrong = await world.wrongCode(who);
    const challenges = [await world.challenge(who, 'approve', one.id), await world.challenge(who, 'approve', other.id)];
    const guess = (i: number) =>
      openGate(world.as(who), { gate: 'approve', batch_id: [one, other][i % 2]?.id ?? '', challenge_id: challenges[i % 2] ?? '', code: wrong });
    const codes = (await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => guess(i)))).map(codeOf);
    expect(countOf(codes)).toEqual({ code_wrong: 5, factor_locked: AT_ONCE - 5 });
    const right = { gate: 'approve' as const, batch_id: one.id, challenge_id: challenges[0] ?? '', code: await world.code(who) };
    const locked = await openGate(world.as(who), right);
    expect(locked).toMatchObject({ ok: false, refusal: { code: 'factor_locked', extra: { retry_after_seconds: expect.any(Number) } } });
    await world.unlock(who);
    expect(codeOf(await openGate(world.as(who), right))).toBe('ok');
  });
});

describe('competing actions', () => {
  test('of 64 approvals, rejections and cancellations at once exactly one wins; the others get the state that they found', async () => {
    const batch = await world.batch();
    const people: Person[] = [];
    for (let i = 0; i < 22; i++) people.push(await world.person('approver'));
    const challenges = await Promise.all(people.map((who) => world.challenge(who, 'approve', batch.id)));
    const codes = await Promise.all(people.map((who) => world.code(who)));
    const actor = world.as(await world.person('admin'));
    const actions = Array.from({ length: AT_ONCE }, (_, i): (() => Promise<Outcome>) => {
      const who = people[Math.floor(i / 3)];
      const n = Math.floor(i / 3);
      if (i % 3 === 0 && who)
        return () => openGate(world.as(who), { gate: 'approve', batch_id: batch.id, challenge_id: challenges[n] ?? '', code: codes[n] ?? '' });
      // From `approved` a batch may still be rejected or cancelled: these two compete to end it, whichever comes first.
      return i % 3 === 1
        ? () => rejectPayoutBatch(actor, { batch_id: batch.id, reason: 'not this one' })
        : () => cancelPayoutBatch(actor, { batch_id: batch.id });
    });
    const outcomes = await Promise.all(actions.map((act) => act()));
    const [row] = await world.sql<{ state: string; row_version: number }>('SELECT state, row_version FROM batch_control WHERE batch_id = $1', [
      batch.id,
    ]);
    const approvals = outcomes.filter((_, i) => i % 3 === 0);
    const ends = outcomes.filter((_, i) => i % 3 !== 0);
    expect(ends.filter((outcome) => outcome.ok)).toHaveLength(1);
    expect(['rejected', 'cancelled']).toContain(row?.state);
    const approved = approvals.filter((outcome) => outcome.ok).length;
    expect(approved).toBeLessThanOrEqual(1);
    expect(row?.row_version).toBe(2 + approved);
    for (const outcome of outcomes)
      if (!outcome.ok) {
        expect(outcome.refusal.code).toBe('wrong_state');
        expect(['approved', row?.state]).toContain(outcome.refusal.extra?.['state']);
      }
  });

  test('of 64 rejections at once one wins, and one event says ok', async () => {
    const batch = await world.batch();
    const actor = world.as(await world.person('admin'));
    const outcomes = await Promise.all(Array.from({ length: AT_ONCE }, () => rejectPayoutBatch(actor, { batch_id: batch.id, reason: 'no' })));
    expect(countOf(outcomes.map(codeOf))).toEqual({ ok: 1, wrong_state: AT_ONCE - 1 });
    expect(countOf(await world.results(batch.id, 'batch.reject'))).toEqual({ ok: 1, wrong_state: AT_ONCE - 1 });
  });
});
