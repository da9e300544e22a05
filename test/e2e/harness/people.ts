import { generate } from 'otplib';
import { currentStep, earliestStep, STEP_SECONDS } from '../../../cli/identity/time-steps.js';
import { type Client, createClient } from '../../../client/client.js';
import { openDatabase } from '../../../db/transaction/open.js';
import type { StackState } from '../../../dev/data-folder/state.js';
import { newMembership } from '../../../dev/seed/new-membership.js';
import { fromWireId } from '../../../domain/ids.js';
import type { Role } from '../../../domain/permissions.js';
import { openCredentials } from '../../../vault/credentials.js';
import { systemEntropy } from '../../../vault/entropy.js';
import { readKeyFile } from '../../../vault/key-file.js';
import { CHEAP_ARGON2 } from '../../harness/cheap-argon2.js';

/** Somebody who works in the demo workspace, signed in. */
export interface Person {
  personId: string;
  email: string;
  client: Client;
  token: string;
  /** A code that was not used yet. Each counts once, so there are two of them in half a minute. */
  nextCode: () => Promise<string>;
}

export type People = Record<'preparer' | 'approver' | 'authorizer' | 'executor', Person>;

/** New people for one test: someone who used a code a moment ago would have to wait for the next one. */
export const newPeople = async (state: StackState, keyFile: string): Promise<People> => {
  const roles = ['preparer', 'approver', 'authorizer', 'executor'] as const;
  const made = await Promise.all(roles.map(async (role) => [role, await newPerson(state, keyFile, role)] as const));
  return Object.fromEntries(made) as People;
};

export const newPerson = async (state: StackState, keyFile: string, role: Role): Promise<Person> => {
  const key = readKeyFile(keyFile);
  const credentials = openCredentials(key, { argon2: CHEAP_ARGON2 });
  const [personId, factorId] = [systemEntropy.newId(), systemEntropy.newId()];
  const email = `${role}-${personId}@test.example`;
  const password = systemEntropy.newId();
  const made = credentials.newTotpFactor({ id: factorId, personId }, email);
  const [hash, factor] = await Promise.all([credentials.hashPassword(password, personId), made]);
  const tenantId = fromWireId('workspace', state.workspace_id) ?? '';
  const database = openDatabase(state.database.owner_url, 1);
  try {
    await database.transaction(async (tx) => {
      await tx.orm.person.create({ data: { id: personId, email, name: `${role} of a test`, password_hash: hash } });
      const rested = { name: 'phone', confirmed_at: new Date(0), gates_from: new Date(0) };
      await tx.orm.factor.create({ data: { id: factorId, person_id: personId, kind: 'totp', sealed: Buffer.from(factor.sealed), ...rested } });
      await tx.sql.rows('set')`SELECT set_config('app.tenant_id', ${tenantId}, true)`;
      await tx.orm.membership.create({ data: newMembership(key, { tenantId, personId, roles: [role] }) });
    });
  } finally {
    await database.close();
  }
  const nextCode = codes(factor.secret);
  const session = await createClient({ baseUrl: state.api_url, token: null }).create_session({ email, password, code: await nextCode() });
  const token = session.token ?? '';
  return { personId, email, token, nextCode, client: createClient({ baseUrl: state.api_url, token, retry: { attempts: 8 } }) };
};

/** Codes of later and later time steps, from the one before the present: the server accepts one step each way. */
export const codes = (secret: string): (() => Promise<string>) => {
  let last = 0;
  return async () => {
    const step = Math.max(earliestStep(), last + 1);
    last = step;
    // The third code within half a minute is of a future step, so wait for it.
    while (currentStep() < step - 1) await new Promise((resolve) => setTimeout(resolve, 200));
    return generate({ secret, epoch: step * STEP_SECONDS });
  };
};
