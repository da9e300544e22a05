import { setTimeout as sleep } from 'node:timers/promises';
import { generate } from 'otplib';
import { isValidSession, sessionPath } from '../../cli/identity/demo-person.js';
import { readPrivateJson, writePrivateJson } from '../../cli/identity/private-file.js';
import { currentStep, earliestStep, STEP_SECONDS } from '../../cli/identity/time-steps.js';
import { type Client, createClient } from '../../client/client.js';
import { ProblemError } from '../../client/problem-error.js';
import type { StackState } from '../data-folder/state.js';

const TRIES_MAX = 4;

/** A person of the demo, signed in and with an authenticator. */
export interface SignedInPerson {
  role: string;
  client: Client;
  /** Runs an action that takes a code, with the next code that was not used yet; waits for one when all were used. */
  withCode<T>(action: (code: string) => Promise<T>): Promise<T>;
}

/**
 * Signs a person of the demo in over the API, or uses the session that the command line has stored. `onWait` gets the seconds until
 * the next code. Throws ProblemError when the server refuses for another reason than a used code.
 */
export const signInAs = async (stack: StackState, role: string, onWait: (seconds: number) => void): Promise<SignedInPerson> => {
  const person = stack.people.find((one) => one.role === role);
  if (!person) throw new Error(`there is no ${role} in the demo`);
  let next = earliestStep();
  const withCode = async <T>(action: (code: string) => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      next = Math.max(next, earliestStep());
      if (next > currentStep() + 1) await waitForStep(next - 1, onWait);
      const code = await generate({ secret: person.totp_secret, epoch: next * STEP_SECONDS });
      next++;
      try {
        return await action(code);
      } catch (error) {
        if (!(error instanceof ProblemError) || error.problem.code !== 'otp_step_used' || attempt === TRIES_MAX) throw error;
      }
    }
  };
  const clientWith = (token: string | null): Client => createClient({ baseUrl: stack.api_url, token });
  const file = sessionPath(stack, role);
  const stored = readPrivateJson(file) as { token: string } | null;
  if (stored && (await isValidSession(stack, stored.token))) return { role, client: clientWith(stored.token), withCode };
  const session = await withCode((code) =>
    clientWith(null).create_session({ email: person.email, password: person.password, code, workspace_id: stack.workspace_id }),
  );
  writePrivateJson(file, { token: session.token });
  return { role, client: clientWith(session.token ?? null), withCode };
};

const waitForStep = async (step: number, onWait: (seconds: number) => void): Promise<void> => {
  const ms = step * STEP_SECONDS * 1_000 - Date.now() + 250;
  onWait(Math.ceil(ms / 1_000));
  await sleep(Math.max(ms, 0));
};
