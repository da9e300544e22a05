import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { GATES, type Gate } from '../../domain/gate.js';
import { LOCKOUT } from '../../domain/lockout.js';
import { payChunk } from '../../operations/chunk/pay.js';
import { removeFactor } from '../../operations/factor/remove.js';
import { askChallenge } from '../../operations/gate/ask.js';
import { openGate } from '../../operations/gate/open.js';
import { ROLE_OF } from '../world/gates.js';
import { lettersTo } from '../world/letters.js';
import { SIGNED_TWISTS, type Twist } from '../world/passkey.js';
import { answerByPasskey, askForPasskey, passkeyOf, tryByPasskey } from '../world/passkeys.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';
import { codeOf, must, uuidOf } from '../world/wire.js';

jest.setTimeout(180_000);

let world: PayingWorld;
beforeAll(async () => {
  world = await openPayingWorld();
});
afterAll(() => world?.close());

const gatesOf = (batchId: string) =>
  world.sql<{ gate: string; time_step: string | null; signed: boolean }>(
    'SELECT gate, time_step, signature IS NOT NULL AS signed FROM gate WHERE batch_id = $1 ORDER BY opened_at',
    [batchId],
  );
/** Somebody with a passkey before a gate of a batch. */
const atGate = async (gate: Gate, options: Parameters<typeof passkeyOf>[2] = {}) => {
  const { batch, who } = await world.waitingFor(gate);
  return { who, batchId: batch.id, ctx: world.as(who), ...(await passkeyOf(world, who, options)) };
};

test('three passkeys open three gates, and the batch is paid', async () => {
  const batchId = await world.queued(tokens(3));
  for (const gate of GATES) {
    const who = await world.person(ROLE_OF[gate]);
    const { device } = await passkeyOf(world, who);
    expect(codeOf(await tryByPasskey(world.as(who), gate, batchId, device))).toBe('ok');
  }
  expect(await gatesOf(batchId)).toEqual(GATES.map((gate) => ({ gate, time_step: null, signed: true })));
  await world.sequence();
  expect(await payChunk(world.worker(), { batchId, chunk: 0 }, () => {})).toEqual({ kind: 'paid', sent: 3 });
  expect(await world.broken()).toEqual([]);
  const events = await world.sql<{ kind: string }>(
    `SELECT detail ->> 'factor_kind' AS kind FROM audit_event WHERE subject_id = $1 AND action = ANY ($2) AND result = 'ok'`,
    [batchId, GATES.map((gate) => `gate.${gate}`)],
  );
  expect(events.map(({ kind }) => kind)).toEqual(['passkey', 'passkey', 'passkey']);
});

test('a passkey whose key is on several devices never counts, and opens all the same', async () => {
  const { ctx, batchId, device } = await atGate('approve', { counts: false });
  expect(codeOf(await tryByPasskey(ctx, 'approve', batchId, device))).toBe('ok');
});

describe('the challenge of a gate', () => {
  test('is what the audit event names, for the passkeys of the person that decide', async () => {
    const { who, ctx, batchId, device } = await atGate('approve');
    await passkeyOf(world, who, { rested: false });
    const { options } = await askForPasskey(ctx, 'approve', batchId);
    const [event] = await world.sql<{ sha256: string }>(
      `SELECT detail ->> 'challenge_sha256' AS sha256 FROM audit_event WHERE subject_id = $1 AND action = 'gate.challenge' AND result = 'ok'`,
      [batchId],
    );
    expect(Buffer.from(options.challenge, 'base64url').toString('hex')).toBe(event?.sha256);
    expect(options.allowCredentials?.map(({ id }) => id)).toEqual([device.credentialId.toString('base64url')]);
    expect(options.userVerification).toBe('required');
  });

  test('asks nothing of a passkey where there is none', async () => {
    const { batch, who } = await world.waitingFor('approve');
    expect(must(await askChallenge(world.as(who), { batch_id: batch.id, gate: 'approve' })).passkey).toBeNull();
  });

  test('is not given to somebody whose only factor is a passkey that rests', async () => {
    const who = await world.withoutFactor('approver');
    await passkeyOf(world, who, { byPassword: true, rested: false });
    const { id } = await world.batch();
    expect(codeOf(await askChallenge(world.as(who), { batch_id: id, gate: 'approve' }))).toBe('factor_resting');
  });
});

describe('an answer that does not hold opens nothing, is audited, and locks nobody out', () => {
  const twists: [string, Twist][] = [
    ...SIGNED_TWISTS,
    ['of a page in a frame of another origin', { crossOrigin: true }],
    ['of a credential that nobody has', { id: Buffer.alloc(16, 7) }],
  ];
  test.each(twists)('%s', async (_what, twist) => {
    const { who, ctx, batchId, device, factorId } = await atGate('approve');
    for (let tried = 0; tried <= LOCKOUT.failuresMax; tried++)
      expect(codeOf(await tryByPasskey(ctx, 'approve', batchId, device, twist))).toBe('passkey_wrong');
    expect(await gatesOf(batchId)).toEqual([]);
    expect(await world.sql('SELECT 1 FROM factor_failures WHERE person_id = $1', [who.id])).toEqual([]);
    expect((await world.results(batchId, 'gate.approve')).at(-1)).toBe('passkey_wrong');
    expect(await world.sql('SELECT 1 FROM factor WHERE id = $1 AND sign_count = 1', [factorId])).toHaveLength(1);
    expect(codeOf(await tryByPasskey(ctx, 'approve', batchId, device))).toBe('ok');
  });

  test('of somebody else, whose passkey it is', async () => {
    const { ctx, batchId } = await atGate('approve');
    const other = await passkeyOf(world, await world.person('approver'));
    expect(codeOf(await tryByPasskey(ctx, 'approve', batchId, other.device))).toBe('passkey_wrong');
  });

  test('to the challenge of another gate or another batch', async () => {
    const { who, ctx, batchId, device } = await atGate('approve');
    const second = await world.batch();
    const { options } = await askForPasskey(world.as(who), 'approve', second.id);
    const { challenge } = await askForPasskey(ctx, 'approve', batchId);
    const answer = device.get(options);
    expect(codeOf(await openGate(ctx, { gate: 'approve', batch_id: batchId, challenge_id: uuidOf(challenge.id), passkey: answer }))).toBe(
      'passkey_wrong',
    );
  });
});

describe('a passkey', () => {
  test('that has not rested opens nothing, says until when, and is not used', async () => {
    const { who, ctx, batchId } = await atGate('approve');
    const fresh = await passkeyOf(world, who, { rested: false });
    expect(await tryByPasskey(ctx, 'approve', batchId, fresh.device)).toMatchObject({ ok: false, refusal: { code: 'factor_resting' } });
    expect(await world.sql('SELECT 1 FROM factor WHERE id = $1 AND sign_count = 1', [fresh.factorId])).toHaveLength(1);
  });

  test('that was removed opens nothing', async () => {
    const { who, ctx, batchId, device, factorId } = await atGate('approve');
    const answer = await answerByPasskey(ctx, 'approve', batchId, device);
    must(await removeFactor(ctx, { factor_id: factorId, code: await world.freshCode(who) }));
    expect(codeOf(await openGate(ctx, answer))).toBe('passkey_wrong');
  });

  test('whose key was exchanged in the database opens nothing', async () => {
    const { ctx, batchId, factorId } = await atGate('approve');
    const thief = await passkeyOf(world, await world.person('approver'));
    await world.sql('ALTER TABLE factor DISABLE TRIGGER USER');
    await world.sql('UPDATE factor SET public_key = t.public_key FROM factor t WHERE factor.id = $1 AND t.id = $2', [factorId, thief.factorId]);
    await world.sql('ALTER TABLE factor ENABLE TRIGGER USER');
    const challenge = must(await askChallenge(ctx, { batch_id: batchId, gate: 'approve' }));
    expect(challenge.passkey).toBeNull();
  });

  test('opens while wrong codes lock the person, who gets a challenge too', async () => {
    const { who, ctx, batchId, device } = await atGate('approve');
    for (let wrong = 0; wrong < LOCKOUT.failuresMax; wrong++) {
      const challenge = await world.challenge(who, 'approve', batchId);
      await world.tryGate(who, 'approve', batchId, challenge, await world.wrongCode(who));
    }
    const challenge = await world.challenge(who, 'approve', batchId);
    expect(codeOf(await world.tryGate(who, 'approve', batchId, challenge))).toBe('factor_locked');
    expect(codeOf(await tryByPasskey(ctx, 'approve', batchId, device))).toBe('ok');
  });

  test('whose counter goes back is refused, and the person and their logs hear of it', async () => {
    const { who, ctx, batchId, device } = await atGate('approve');
    expect(codeOf(await tryByPasskey(ctx, 'approve', batchId, device, { count: 1 }))).toBe('passkey_copied');
    expect(codeOf(await tryByPasskey(ctx, 'approve', batchId, device, { count: 0 }))).toBe('passkey_copied');
    expect(await world.results(batchId, 'gate.approve')).toContain('passkey_copied');
    expect((await lettersTo(world, who.email)).map(({ template }) => template)).toContain('passkey_copied');
    expect(
      await world.sql(`SELECT 1 FROM audit_event WHERE action = 'factor.use' AND result = 'passkey_copied' AND subject_id = $1`, [who.id]),
    ).not.toEqual([]);
  });

  test('opens nothing where no host is configured; the refusal names the setting', async () => {
    const { who, ctx, batchId, device } = await atGate('approve');
    const answer = await answerByPasskey(ctx, 'approve', batchId, device);
    const services = { passkeys: { ...world.services.passkeys, relyingParty: null } };
    expect(codeOf(await openGate(world.as(who, { services }), answer))).toBe('passkeys_unavailable');
  });
});

test('of 64 answers of one passkey to one challenge at once exactly one opens the gate', async () => {
  const { ctx, batchId, device } = await atGate('approve');
  const answer = await answerByPasskey(ctx, 'approve', batchId, device);
  const opened = await Promise.all(Array.from({ length: 64 }, () => openGate(ctx, answer)));
  expect(opened.filter(({ ok }) => ok)).toHaveLength(1);
  expect(await gatesOf(batchId)).toHaveLength(1);
});
