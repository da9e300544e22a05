import type { Gate } from '../../domain/gate.js';
import type { Context } from '../../operations/context.js';
import { askChallenge } from '../../operations/gate/ask.js';
import { openGate } from '../../operations/gate/open.js';
import { confirmPasskey } from '../../operations/passkey/confirm.js';
import { enrolPasskey } from '../../operations/passkey/enrol.js';
import type { World } from './open.js';
import { type Authenticator, newAuthenticator, type Twist } from './passkey.js';
import type { Person } from './people.js';
import { must, uuidOf } from './wire.js';

/** A passkey of somebody, with the authenticator that has it. */
export interface Passkey {
  device: Authenticator;
  factorId: string;
  confirmed: Awaited<ReturnType<typeof confirmPasskey>>;
}

type Base = Pick<World, 'as' | 'freshCode'>;

/** A new passkey of somebody who has a second factor, or of somebody who proves their password; `rested` is whether it decides at once. */
export const passkeyOf = async (
  { as, freshCode }: Base,
  who: Person,
  { rested = true, counts = true, byPassword = false } = {},
): Promise<Passkey> => {
  const device = newAuthenticator({ counts });
  const ctx = as(who, { services: { factorRestMs: rested ? 0 : 3_600_000 } });
  const proof = byPassword ? { password: who.password } : { code: await freshCode(who) };
  const enrolment = must(await enrolPasskey(ctx, { name: 'laptop', ...proof }));
  const factorId = uuidOf(enrolment.id);
  const confirmed = await confirmPasskey(ctx, { factor_id: factorId, credential: device.create(enrolment.options) });
  must(confirmed);
  return { device, factorId, confirmed };
};

/** A challenge for a gate, with what it asks of passkeys; throws where it asks nothing. */
export const askForPasskey = async (ctx: Context, gate: Gate, batchId: string) => {
  const challenge = must(await askChallenge(ctx, { batch_id: batchId, gate }));
  if (!challenge.passkey) throw new Error('no passkey is asked for');
  return { challenge, options: challenge.passkey };
};

/** What opens a gate with a passkey: its answer to a new challenge, honestly or with a twist. */
export const answerByPasskey = async (ctx: Context, gate: Gate, batchId: string, device: Authenticator, twist: Twist = {}) => {
  const { challenge, options } = await askForPasskey(ctx, gate, batchId);
  return { gate, batch_id: batchId, challenge_id: uuidOf(challenge.id), passkey: device.get(options, twist) };
};

/** Tries to open a gate with a passkey. */
export const tryByPasskey = async (ctx: Context, gate: Gate, batchId: string, device: Authenticator, twist: Twist = {}) =>
  openGate(ctx, await answerByPasskey(ctx, gate, batchId, device, twist));
