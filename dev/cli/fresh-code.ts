import { setTimeout as sleep } from 'node:timers/promises';
import { generate } from 'otplib';
import { currentStep, STEP_SECONDS } from '../../cli/identity/time-steps.js';
import type { StackState } from '../data-folder/state.js';
import { withClient } from '../postgres/with-client.js';

/** The server also accepts the code of the step before and after its own, so a code stays valid until the end of the next step. */
const STEPS_AHEAD = 1;

export interface Code {
  code: string;
  /** How long the server still accepts it. */
  seconds: number;
}

/**
 * `sluice dev code ROLE`: a code (RFC 6238) of that person that was not used yet. It is the present one, else the next one, which the
 * server accepts too. When both were used it calls `onWait` with the seconds and waits, at most half a minute. Throws an Error that names
 * the roles, or says that the stack does not run.
 */
export const freshCode = async (state: StackState, role: string, onWait: (seconds: number) => void): Promise<Code> => {
  const person = state.people.find((one) => one.role === role);
  if (!person) throw new Error(`There is no ${role} in the demo; there are ${state.people.map((one) => one.role).join(', ')}.`);
  const step = Math.max(currentStep(), (await lastStep(state, person.email)) + 1);
  const early = (step - STEPS_AHEAD) * STEP_SECONDS * 1_000 - Date.now();
  if (early > 0) {
    onWait(Math.ceil(early / 1_000));
    await sleep(early);
  }
  const end = (step + 1 + STEPS_AHEAD) * STEP_SECONDS * 1_000;
  return { code: await generate({ secret: person.totp_secret, epoch: step * STEP_SECONDS }), seconds: Math.floor((end - Date.now()) / 1_000) };
};

/** The last time step that the server accepted from a person. Only the owner of the database can read it. */
const lastStep = async ({ database }: StackState, email: string): Promise<number> => {
  try {
    return await withClient({ connectionString: database.owner_url, connectionTimeoutMillis: 5_000 }, async (client) => {
      const { rows } = await client.query<{ last_step: string }>(
        'SELECT max(f.last_step) AS last_step FROM factor f JOIN person p ON p.id = f.person_id WHERE p.email = $1',
        [email],
      );
      return Number(rows[0]?.last_step ?? 0);
    });
  } catch (error) {
    throw new Error(`The database did not return which codes were used (${(error as Error).message}). Does the stack run? npm start`);
  }
};
