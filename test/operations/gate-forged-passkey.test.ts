import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { GATES, type Gate } from '../../domain/gate.js';
import type { Services } from '../../operations/ports.js';
import { ROLE_OF } from '../world/gates.js';
import { otherSignature, type Twist, USER_PRESENT, USER_VERIFIED } from '../world/passkey.js';
import { passkeyOf, tryByPasskey } from '../world/passkeys.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';
import { codeOf } from '../world/wire.js';
import { acceptedOf, changeAsOwner, countedOnceSent, gateOf, openExceptionOf, payIn } from './forging.js';

jest.setTimeout(180_000);

/** The worker verifies what passkeys signed once more (R11): each part of it forged alone, and what happens then. */

let world: PayingWorld;
beforeAll(async () => {
  world = await openPayingWorld();
});
afterAll(() => world?.close());

describe('with gates that passkeys opened', () => {
  /** A batch whose gates three passkeys opened, the first of them with a twist that this API lets pass. */
  const executing = async (twist: Twist = {}, services: Partial<Services> = {}): Promise<string> => {
    const batchId = await world.queued(tokens(2));
    for (const gate of GATES) {
      const who = await world.person(ROLE_OF[gate]);
      const { device } = await passkeyOf(world, who);
      expect(codeOf(await tryByPasskey(world.as(who, { services }), gate, batchId, device, gate === 'approve' ? twist : {}))).toBe('ok');
    }
    await world.sequence();
    return batchId;
  };
  const halted = async (batchId: string) => {
    expect(await payIn(world, batchId)).toEqual({ kind: 'halted', halt: 'gates_missing' });
    expect(await acceptedOf(world, batchId)).toEqual([]);
    return (await openExceptionOf(world, batchId))?.detail;
  };
  const factorOf = (gate: Gate) => `id = (SELECT factor_id FROM gate WHERE ${gateOf(gate)})`;

  const rows: { name: string; fault: string; sql: string; counted?: true }[] = [
    {
      name: 'the key of another passkey',
      fault: 'execute: factor',
      sql: `UPDATE factor SET public_key = (SELECT public_key FROM factor WHERE ${factorOf('approve')}) WHERE ${factorOf('execute')}`,
    },
    {
      name: 'another authenticator of the key',
      fault: 'execute: factor',
      sql: `UPDATE factor SET authenticator = sha256(authenticator) WHERE ${factorOf('execute')}`,
    },
    { name: 'another host of the key', fault: 'approve: factor', sql: `UPDATE factor SET rp_id = 'sluice.example.net' WHERE ${factorOf('approve')}` },
    {
      name: 'the key of somebody else',
      fault: 'execute: factor',
      sql: `UPDATE factor SET person_id = (SELECT person_id FROM gate WHERE ${gateOf('approve')}) WHERE ${factorOf('execute')}`,
      counted: true,
    },
    {
      name: 'a challenge of another time',
      fault: 'authorize: factor',
      sql: `UPDATE challenge SET expires_at = expires_at + interval '1 second' WHERE id = (SELECT challenge_id FROM gate WHERE ${gateOf('authorize')})`,
    },
    { name: 'another signature', fault: 'execute: authenticator', sql: `UPDATE gate SET signature = sha256(signature) WHERE ${gateOf('execute')}` },
    {
      name: 'a time step in its place',
      fault: 'execute: authenticator',
      sql: `UPDATE gate SET time_step = 1, authenticator_data = NULL, client_data = NULL, signature = NULL WHERE ${gateOf('execute')}`,
      counted: true,
    },
  ];
  test.each(rows)('$name: nothing leaves, and people hear $fault', async ({ fault, sql, counted: isCounted }) => {
    const batchId = await executing();
    await changeAsOwner(world, [sql, [batchId]]);
    expect(await halted(batchId)).toMatchObject({ faults: expect.arrayContaining([fault]) });
    expect(await countedOnceSent(world, batchId)).toBe(isCounted ? 2 : 0);
  });

  const foreign = 'sluice.example.net';
  const twists: [string, Twist][] = [
    ['another challenge', { challenge: randomBytes(32).toString('base64url') }],
    ['an enrolment', { type: 'webauthn.create' }],
    ['a page of another host', { origin: `https://${foreign}` }],
    ['a page in a frame of another origin', { crossOrigin: true }],
    ['another host', { rpId: foreign }],
    ['no verification of the user', { flags: USER_PRESENT }],
    ['no presence of the user', { flags: USER_VERIFIED }],
    ['another signature', { signature: otherSignature }],
  ];
  test.each(twists)(
    'an API that verifies nothing, with the key of the installation, opens gates by %s; the worker pays nothing',
    async (_what, twist) => {
      const blind = { passkeys: { ...world.services.passkeys, verifyAssertion: async () => ({ signCount: 9 }) } };
      expect(await halted(await executing(twist, blind))).toEqual({ faults: ['approve: factor'] });
    },
  );

  test('a passkey that is removed afterwards lets the batch go on', async () => {
    const batchId = await executing();
    await changeAsOwner(world, [`UPDATE factor SET removed_at = now() WHERE ${factorOf('approve')}`, [batchId]]);
    expect(await payIn(world, batchId)).toEqual({ kind: 'paid', sent: 2 });
  });
});
