import { join } from 'node:path';
import { generate } from 'otplib';
import { createClient } from '../../client/client.js';
import { ProblemError } from '../../client/problem-error.js';
import { EXIT, Failure } from '../failure.js';
import type { Terminal } from '../terminal.js';
import { readPrivateJson, writePrivateJson } from './private-file.js';
import type { LocalStack } from './stack.js';

const SIGN_IN_TRIES = 3;

/**
 * A session of a person of the local demo stack: the kept one while it is good, else a new sign-in with the password and
 * the code that the stack's file holds. Codes for gates are still asked for: those are the person's to type.
 */
export const demoToken = async (stack: LocalStack, role: string, terminal: Terminal): Promise<string> => {
  const person = stack.people.find((one) => one.role === role);
  if (!person) throw new Failure(EXIT.usage, `There is no ${role} in the demo stack; there are ${stack.people.map((one) => one.role).join(', ')}.`);
  const path = sessionPath(stack, role);
  const kept = readPrivateJson(path) as { token: string } | null;
  if (kept && (await isGood(stack, kept.token))) return kept.token;
  const token = await signIn(stack, person, terminal);
  writePrivateJson(path, { token });
  return token;
};

export const sessionPath = (stack: LocalStack, role: string): string => join(stack.data_dir, 'sessions', `${role}.json`);

const isGood = async (stack: LocalStack, token: string): Promise<boolean> => {
  try {
    await createClient({ baseUrl: stack.api_url, token }).show_session({});
    return true;
  } catch (error) {
    if (error instanceof ProblemError && error.problem.status === 401) return false;
    throw error;
  }
};

const signIn = async (stack: LocalStack, person: LocalStack['people'][number], terminal: Terminal): Promise<string> => {
  const client = createClient({ baseUrl: stack.api_url, token: null });
  for (let attempt = 1; ; attempt++) {
    try {
      const code = await generate({ secret: person.totp_secret });
      const session = await client.create_session({ email: person.email, password: person.password, code, workspace_id: stack.workspace_id });
      if (!session.token) throw new Error('the answer to a sign-in holds no token');
      return session.token;
    } catch (error) {
      const wait = error instanceof ProblemError && error.problem.code === 'otp_step_used' ? error.retryAfterMs : null;
      if (wait === null || attempt === SIGN_IN_TRIES) throw error;
      terminal.err(`The current code of ${person.email} was used already; waiting ${Math.ceil(wait / 1_000)} s for the next one.`);
      await new Promise((done) => setTimeout(done, wait));
    }
  }
};
