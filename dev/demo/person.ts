import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generate } from 'otplib';
import { currentStep, earliestStep, STEP_SECONDS } from '../../cli/identity/time-steps.js';
import { type Client, createClient } from '../../client/client.js';
import { ProblemError } from '../../client/problem-error.js';
import { type StackState, writePrivately } from '../stack/state.js';

const TRIES = 4;

/** A person of the demo at the keyboard: signed in, with an authenticator in hand. */
export interface PersonAtWork {
  role: string;
  client: Client;
  /** Does what takes a code, with the next code that was not used yet; waits for one when all were. */
  withCode<T>(deed: (code: string) => Promise<T>): Promise<T>;
}

/**
 * Signs a person of the demo in over the API, or takes up the session that the command line has kept. `wait` is told how
 * long the next code is away. Throws ProblemError when the server declines for another reason than a spent code.
 */
export const personAtWork = async (stack: StackState, role: string, wait: (seconds: number) => void): Promise<PersonAtWork> => {
  const person = stack.people.find((one) => one.role === role);
  if (!person) throw new Error(`there is no ${role} in the demo`);
  let next = earliestStep();
  const withCode = async <T>(deed: (code: string) => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      next = Math.max(next, earliestStep());
      if (next > currentStep() + 1) await pause(next - 1, wait);
      const code = await generate({ secret: person.totp_secret, epoch: next * STEP_SECONDS });
      next++;
      try {
        return await deed(code);
      } catch (error) {
        if (!(error instanceof ProblemError) || error.problem.code !== 'otp_step_used' || attempt === TRIES) throw error;
      }
    }
  };
  const file = join(stack.data_dir, 'sessions', `${role}.json`);
  const kept = await keptSession(stack, file);
  if (kept) return { role, client: kept, withCode };
  const session = await withCode((code) =>
    createClient({ baseUrl: stack.api_url, token: null }).create_session({
      email: person.email,
      password: person.password,
      code,
      workspace_id: stack.workspace_id,
    }),
  );
  mkdirSync(join(stack.data_dir, 'sessions'), { recursive: true, mode: 0o700 });
  writePrivately(file, { token: session.token });
  return { role, client: createClient({ baseUrl: stack.api_url, token: session.token ?? null }), withCode };
};

const keptSession = async (stack: StackState, file: string): Promise<Client | null> => {
  if (!existsSync(file)) return null;
  const { token } = JSON.parse(readFileSync(file, 'utf8')) as { token: string };
  const client = createClient({ baseUrl: stack.api_url, token });
  try {
    await client.show_session({});
    return client;
  } catch (error) {
    if (error instanceof ProblemError && error.problem.status === 401) return null;
    throw error;
  }
};

const pause = async (step: number, wait: (seconds: number) => void): Promise<void> => {
  const ms = step * STEP_SECONDS * 1_000 - Date.now() + 250;
  wait(Math.ceil(ms / 1_000));
  await sleep(Math.max(ms, 0));
};
