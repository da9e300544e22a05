import { randomBytes } from 'node:crypto';
import { generate } from 'otplib';
import { STEP_SECONDS } from '../../cli/identity/time-steps.js';
import type { Role } from '../../domain/permissions.js';
import { sealMembership } from '../../operations/membership/seal.js';
import { systemEntropy } from '../../vault/entropy.js';
import type { OwnDatabase } from './database.js';
import type { openServices } from './services.js';
import type { Workspace } from './workspaces.js';

export interface Person {
  id: string;
  role: Role;
  email: string;
  password: string;
  /** Secret of the authenticator app. */
  secret: string;
  factorId: string;
}

type Base = OwnDatabase & { home: Workspace } & ReturnType<typeof openServices>;

export const peopleOf = ({ sqlIn, home, credentials, services }: Base) => {
  /** Makes somebody a member with these roles, or gives them these, as the owner of the database who has the key of the installation. */
  const join = async (tenantId: string, personId: string, roles: readonly string[]): Promise<void> => {
    const said = { tenantId, personId, roles, disabled: false, eventId: systemEntropy.newId() };
    const { eventId, authenticator } = sealMembership(services.membershipKey, said);
    const values = [tenantId, personId, [...roles], eventId, Buffer.from(authenticator)];
    const sql = `INSERT INTO membership (tenant_id, person_id, roles, event_id, authenticator) VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (tenant_id, person_id) DO UPDATE SET roles = excluded.roles, event_id = excluded.event_id, authenticator = excluded.authenticator`;
    await sqlIn(tenantId, sql, values);
  };

  /** Somebody with a password, a second factor (unless they are not `enrolled`) and this role in each of the workspaces. */
  const person = async (role: Role, tenantIds: readonly string[] = [home.tenantId], enrolled = true): Promise<Person> => {
    const [id, factorId, password] = [systemEntropy.newId(), systemEntropy.newId(), randomBytes(12).toString('hex')];
    const email = `${id}@example.com`;
    const made = credentials.newTotpFactor({ id: factorId, personId: id }, email);
    const [{ secret, sealed }, hash] = await Promise.all([made, credentials.hashPassword(password, id)]);
    const sql = (text: string, values: unknown[]) => sqlIn(home.tenantId, text, values);
    await sql('INSERT INTO person (id, email, name, password_hash) VALUES ($1, $2, $3, $4)', [id, email, `The ${role}`, hash]);
    if (enrolled)
      await sql(
        `INSERT INTO factor (id, person_id, kind, name, sealed, confirmed_at, gates_from)
         VALUES ($1, $2, 'totp', 'phone', $3, now() - interval '2 days', now() - interval '1 day')`,
        [factorId, id, Buffer.from(sealed)],
      );
    for (const tenantId of tenantIds) await join(tenantId, id, [role]);
    return { id, role, email, password, secret, factorId };
  };

  /** Another factor of theirs that counts, as the person who holds it; `rested` is whether it opens gates. */
  const secondFactor = async (who: Person, { rested = true, name = 'laptop' } = {}): Promise<Person> => {
    const factorId = systemEntropy.newId();
    const { secret, sealed } = await credentials.newTotpFactor({ id: factorId, personId: who.id }, who.email);
    await sqlIn(
      home.tenantId,
      `INSERT INTO factor (id, person_id, kind, name, sealed, confirmed_at, gates_from)
       VALUES ($1, $2, 'totp', $3, $4, now() - interval '1 day', now() + $5 * interval '1 hour')`,
      [factorId, who.id, name, Buffer.from(sealed), rested ? -1 : 1],
    );
    return { ...who, secret, factorId };
  };

  /** Somebody with a password alone. */
  const withoutFactor = (role: Role, tenantIds?: readonly string[]): Promise<Person> => person(role, tenantIds, false);

  /** The hash of a token that is stored. */
  const hashOfToken = (token: string): Uint8Array => {
    const hash = credentials.hashToken(token);
    if (!hash) throw new Error('no token');
    return hash;
  };

  /** The code that the authenticator shows now, or so many time steps later. An earlier one would expire while a test runs. */
  const code = ({ secret }: Person, stepsAhead = 0): Promise<string> =>
    generate({ secret, epoch: Math.floor(Date.now() / 1_000) + stepsAhead * STEP_SECONDS });

  /**
   * A code of the person that was never used, whatever they used before: of one more factor of theirs. For tests that do many things in one time
   * step, each of which takes a code.
   */
  const freshCode = async (who: Person): Promise<string> => code(await secondFactor(who));

  /** A code that the person's authenticator shows at no time near now. */
  const wrongCode = async (who: Person): Promise<string> => {
    const near = await Promise.all([-2, -1, 0, 1, 2].map((steps) => code(who, steps)));
    return ['000000', '111111', '222222', '333333', '444444', '555555'].find((guess) => !near.includes(guess)) as string;
  };

  /** Lets the time of the person's locks pass. */
  const unlock = async ({ id }: Person): Promise<void> => {
    await sqlIn(home.tenantId, `UPDATE factor_failures SET locked_until = now() - interval '1 second' WHERE person_id = $1`, [id]);
  };

  return { person, join, hashOfToken, secondFactor, withoutFactor, code, freshCode, wrongCode, unlock };
};
