import { join } from 'node:path';
import { generate } from 'otplib';
import { createClient } from '../../client/client.js';
import { ProblemError } from '../../client/problem-error.js';
import { EXIT, Failure } from '../failure.js';
import type { Terminal } from '../terminal.js';
import { readPrivateJson, writePrivateJson } from './private-file.js';
import type { LocalStack } from './stack.js';
import { earliestStep, STEP_SECONDS } from './time-steps.js';

/** One try for each of four time steps: the previous one, the present one and the two after it. */
const SIGN_IN_TRIES = 4;

/**
 * The session token of a person of the local demo stack: the stored one while it is valid, else a new one, from the password
 * and the secret in the stack's file. Codes for gates are still typed by the person.
 */
export const demoToken = async (stack: LocalStack, role: string, terminal: Terminal): Promise<string> => {
  const person = stack.people.find((one) => one.role === role);
  if (!person) throw new Failure(EXIT.usage, `There is no ${role} in the demo stack; there are ${stack.people.map((one) => one.role).join(', ')}.`);
  const path = sessionPath(stack, role);
  const stored = readPrivateJson(path) as { token: string } | null;
  if (stored && (await isValidSession(stack, stored.token))) return stored.token;
  const token = await signIn(stack, person, terminal);
  writePrivateJson(path, { token });
  return token;
};

export const sessionPath = (stack: LocalStack, role: string): string => join(stack.data_dir, 'sessions', `${role}.json`);

/** Whether the server still accepts a session token. */
export const isValidSession = async (stack: LocalStack, token: string): Promise<boolean> => {
  try {
    await createClient({ baseUrl: stack.api_url, token }).show_session({});
    return true;
  } catch (error) {
    if (error instanceof ProblemError && error.problem.status === 401) return false;
    throw error;
  }
};

/**
 * Uses the oldest code that the server still accepts. The present code of the authenticator then stays free for the gate that
 * usually comes next.
 */
const signIn = async (stack: LocalStack, person: LocalStack['people'][number], terminal: Terminal): Promise<string> => {
  const client = createClient({ baseUrl: stack.api_url, token: null });
  for (let step = earliestStep(), attempt = 1; ; step++, attempt++) {
    try {
      const code = await generate({ secret: person.totp_secret, epoch: step * STEP_SECONDS });
      const session = await client.create_session({ email: person.email, password: person.password, code, workspace_id: stack.workspace_id });
      if (!session.token) throw new Error('the answer to a sign-in holds no token');
      return session.token;
    } catch (error) {
      if (!(error instanceof ProblemError) || error.problem.code !== 'otp_step_used' || attempt === SIGN_IN_TRIES) throw error;
      // The server accepts steps up to the next one; for a later one this has to wait.
      const early = step * STEP_SECONDS * 1_000 - Date.now();
      if (early <= 0) continue;
      terminal.err(`The codes of ${person.email} were used already; waiting ${Math.ceil(early / 1_000)} s for the next one.`);
      await new Promise((done) => setTimeout(done, early));
    }
  }
};
