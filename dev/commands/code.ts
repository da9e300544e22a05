import { generate } from 'otplib';
import type { StackState } from '../stack/state.js';

const STEP_SECONDS = 30;

/** `sluice dev code ROLE`: the code of this moment (RFC 6238) and the seconds it has left. Throws an Error that names the roles. */
export const currentCode = async ({ people }: StackState, role: string, now = Date.now()): Promise<{ code: string; seconds: number }> => {
  const person = people.find((one) => one.role === role);
  if (!person) throw new Error(`There is no ${role} in the demo; there are ${people.map((one) => one.role).join(', ')}.`);
  const epoch = Math.floor(now / 1_000);
  return { code: await generate({ secret: person.totp_secret, epoch }), seconds: STEP_SECONDS - (epoch % STEP_SECONDS) };
};
