import { randomBytes } from 'node:crypto';
import { generate } from 'otplib';
import pg from 'pg';
import { credentialDirectory } from '../../db/credential-directory.js';
import { openDatabase } from '../../db/transaction/open.js';
import { tenantTransactions } from '../../db/transaction/tenant.js';
import type { Actor, Role } from '../../domain/actors.js';
import type { Context, PublicContext } from '../../operations/context.js';
import type { Services } from '../../operations/ports.js';
import type { DestinationRow } from '../../operations/stores/payees.js';
import { openCheckpointSigner } from '../../vault/checkpoint-signer.js';
import { openCredentials } from '../../vault/credentials.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openVault } from '../../vault/open-vault.js';
import { sha256 } from '../../vault/sha256.js';
import { testDatabase } from '../harness/database.js';
import { CHEAP_ARGON2, freshKeyFile } from '../vault/keys.js';

export interface Person {
  id: string;
  email: string;
  password: string;
  secret: string;
}

/** A database with an organization's two workspaces and a foreign one, entered as the API's own role. */
export const accessWorld = async () => {
  const database = await testDatabase();
  const client = openDatabase(database.urls.api, 20);
  const owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  const keyFile = freshKeyFile();
  const credentials = openCredentials(keyFile, { argon2: CHEAP_ARGON2 });
  const services: Services = {
    sha256,
    entropy: systemEntropy,
    vault: openVault(keyFile, systemEntropy),
    credentials,
    rails: new Map(),
    signer: openCheckpointSigner(keyFile),
    recovery: { reason: () => null },
    failpoint: async () => undefined,
  };

  const asOwner = async (tenantId: string, sql: string, values: unknown[] = []): Promise<pg.QueryResult> => {
    await owner.query('BEGIN');
    await owner.query(`SELECT set_config('app.tenant_id', $1, true)`, [tenantId]);
    return owner.query(sql, values).then(
      async (result) => {
        await owner.query('COMMIT');
        return result;
      },
      async (error) => {
        await owner.query('ROLLBACK');
        throw error;
      },
    );
  };

  const newWorkspace = async (mode: 'live' | 'test'): Promise<string> => {
    const [organization, tenantId] = [systemEntropy.newId(), systemEntropy.newId()];
    await asOwner(tenantId, `INSERT INTO organization (id, name) VALUES ($1, 'An organization')`, [organization]);
    await asOwner(tenantId, 'INSERT INTO workspace (tenant_id, organization_id, name, mode) VALUES ($1, $2, $3, $4)', [
      tenantId,
      organization,
      `A ${mode} workspace`,
      mode,
    ]);
    return tenantId;
  };

  const newPerson = async (role: Role, workspaces: readonly string[]): Promise<Person> => {
    const [id, factorId, password] = [systemEntropy.newId(), systemEntropy.newId(), randomBytes(12).toString('hex')];
    const email = `${id.slice(-12)}@example.com`;
    const { secret, sealed } = await credentials.newTotpFactor(factorId, email);
    const hash = await credentials.hashPassword(password);
    await owner.query('INSERT INTO person (id, email, name, password_hash) VALUES ($1, $2, $3, $4)', [id, email, 'A person', hash]);
    await owner.query(`INSERT INTO factor (id, person_id, kind, sealed) VALUES ($1, $2, 'totp', $3)`, [factorId, id, sealed]);
    for (const tenantId of workspaces)
      await asOwner(tenantId, 'INSERT INTO membership (tenant_id, person_id, role) VALUES ($1, $2, $3)', [tenantId, id, role]);
    return { id, email, password, secret };
  };

  const enter = (tenantId: string, mode: 'live' | 'test', actor: Actor): Context => {
    const requestId = systemEntropy.newId();
    return { tenantId, mode, actor, requestId, services, inTenant: tenantTransactions(client, { tenantId, actor, requestId }) };
  };
  const publicContext: PublicContext = { requestId: systemEntropy.newId(), directory: credentialDirectory(client), services, enter };

  /** Every row of every table, as text: what somebody sees who reads the disk. */
  const everyRow = async (tenantId: string): Promise<string> => {
    const { rows } = await owner.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`);
    const dumps = [];
    for (const { tablename } of rows)
      dumps.push((await asOwner(tenantId, `SELECT t::text AS line, row_to_json(t)::text AS json FROM "${tablename}" t`)).rows);
    return JSON.stringify(dumps);
  };

  const [test, live, foreign] = [await newWorkspace('test'), await newWorkspace('live'), await newWorkspace('test')];
  /** All destination versions of a payee of the test workspace, oldest first. */
  const destinationsOf = async (payeeId: string): Promise<DestinationRow[]> => {
    const { rows } = await asOwner(test, 'SELECT id FROM payee_destination WHERE payee_id = $1 ORDER BY version', [payeeId]);
    const ids = rows.map(({ id }): string => id);
    const found = await enter(test, 'test', { type: 'system', process: 'api' }).inTenant((stores) => stores.payees.destinations(ids));
    return ids.flatMap((id) => found.get(id) ?? []);
  };

  return {
    workspaces: { test, live, foreign },
    services,
    publicContext,
    enter,
    newPerson,
    asOwner,
    destinationsOf,
    everyRow,
    as: (person: Person, role: Role, tenantId = test): Context =>
      enter(tenantId, tenantId === live ? 'live' : 'test', { type: 'user', personId: person.id, sessionId: systemEntropy.newId(), role }),
    audited: async (tenantId: string, action: string): Promise<{ result: string; actor: Actor; subject_id: string }[]> =>
      (await asOwner(tenantId, 'SELECT result, actor, subject_id FROM audit_event WHERE action = $1 ORDER BY id', [action])).rows,
    close: async () => {
      await client.close();
      await owner.end();
      await database.drop();
    },
  };
};

export type AccessWorld = Awaited<ReturnType<typeof accessWorld>>;

/** The code of now, or of so many steps later. Never of an earlier step: it would expire while a test runs. */
export const codeOf = ({ secret }: Person, stepsAhead = 0): Promise<string> =>
  generate({ secret, epoch: Math.floor(Date.now() / 1_000) + stepsAhead * 30 });

/** A code that is right for no step near now. */
export const wrongCodeOf = async (person: Person): Promise<string> => {
  const right = new Set(await Promise.all([-1, 0, 1, 2].map((steps) => codeOf(person, steps))));
  return ['000000', '111111', '222222', '333333', '444444'].find((code) => !right.has(code)) ?? '555555';
};
