import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { GATES } from '../../domain/gate.js';
import { askChallenge } from '../../operations/gate/ask.js';
import { openWorld, type World } from '../world/open.js';
import { codeOf } from '../world/wire.js';

jest.setTimeout(120_000);

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.close());

describe('a factor that was confirmed a moment ago', () => {
  test.each(GATES)('%s: opens nothing, says until when, and its code is neither counted nor used up', async (gate) => {
    const { batch, who } = await world.waitingFor(gate);
    const fresh = await world.secondFactor(who, { rested: false });
    const challenge = await world.challenge(who, gate, batch.id);
    const refused = await world.tryGate(who, gate, batch.id, challenge, await world.code(fresh));
    expect(refused).toMatchObject({ ok: false, refusal: { code: 'factor_resting', extra: { decides_from: expect.any(String) } } });
    expect(await world.sql('SELECT last_step FROM factor WHERE id = $1', [fresh.factorId])).toMatchObject([{ last_step: '0' }]);
    expect(await world.sql('SELECT 1 FROM factor_failures WHERE person_id = $1 AND failures > 0', [who.id])).toEqual([]);
    expect(codeOf(await world.tryGate(who, gate, batch.id, challenge, await world.code(who)))).toBe('ok');
  });

  test('gets no challenge while it is the only one, so that nobody types a code in vain', async () => {
    const who = await world.withoutFactor('approver');
    await world.secondFactor(who, { rested: false });
    const { id } = await world.batch();
    expect(codeOf(await askChallenge(world.as(who), { batch_id: id, gate: 'approve' }))).toBe('factor_resting');
  });
});
