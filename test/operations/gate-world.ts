import { randomBytes } from 'node:crypto';
import { generate } from 'otplib';
import pg from 'pg';
import { type Database, openDatabase } from '../../db/transaction/open.js';
import { tenantTransactions } from '../../db/transaction/tenant.js';
import type { Actor, Role } from '../../domain/actors.js';
import type { BatchState } from '../../domain/batch/states.js';
import type { Gate } from '../../domain/gate.js';
import type { Context } from '../../operations/context.js';
import { askChallenge } from '../../operations/gate/ask.js';
import { openGate } from '../../operations/gate/open.js';
import type { Services } from '../../operations/ports.js';
import { openCredentials } from '../../vault/credentials.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openVault } from '../../vault/open-vault.js';
import { sha256 } from '../../vault/sha256.js';
import { testDatabase } from '../harness/database.js';

/** A workspace with money, people and batches on a real database, and contexts of the real roles to act in it. */

export interface Person {
  id: string;
  role: Role;
  secret: string;
  factorId: string;
}

export interface SeededBatch {
  id: string;
  total: bigint;
  count: number;
  digest: Buffer;
}

const { newId } = systemEntropy;

export const gateWorld = async ({ root = { id: 'test', key: randomBytes(32) as Uint8Array } } = {}) => {
  const database = await testDatabase();
  const owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  const credentials = openCredentials({ root }, { argon2: { memoryKiB: 8, passes: 1, lanes: 1 } });
  const pools: Partial<Record<'api' | 'worker', Database>> = {};
  const pool = (role: 'api' | 'worker'): Database => {
    pools[role] ??= openDatabase(database.urls[role], 24);
    return pools[role];
  };
  const services: Services = {
    sha256,
    entropy: systemEntropy,
    vault: openVault({ root }, systemEntropy),
    credentials,
    rails: new Map(),
    signer: { verifierKey: '', origin: () => '', sign: () => '' },
    recovery: { reason: () => null },
    failpoint: async () => {},
  };

  /** One statement as the owner, who is bound by row-level security too. */
  const sql = async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> =>
    (await owner.query<Row>(text, values)).rows;
  const enter = (tenantId: string) => sql(`SELECT set_config('app.tenant_id', $1, false)`, [tenantId]);

  const workspace = async (mode: 'live' | 'test', funds: bigint) => {
    const [tenantId, organizationId, funding, external, held, connectionId] = [newId(), newId(), newId(), newId(), newId(), newId()];
    await enter(tenantId);
    await sql(`INSERT INTO organization (id, name) VALUES ($1, 'Demo')`, [organizationId]);
    await sql(`INSERT INTO workspace (tenant_id, organization_id, name, mode) VALUES ($1, $2, 'Demo', $3)`, [tenantId, organizationId, mode]);
    await sql(
      `INSERT INTO account (tenant_id, id, kind, currency, name) VALUES ($1, $2, 'funding', 'EUR', 'Main'), ($1, $3, 'external', 'EUR', 'external'), ($1, $4, 'held', 'EUR', 'held')`,
      [tenantId, funding, external, held],
    );
    await sql(
      `INSERT INTO transfer (tenant_id, id, debit_account_id, credit_account_id, amount, currency, kind, event_id) VALUES ($1, $2, $3, $4, $5, 'EUR', 'top_up', $6)`,
      [tenantId, newId(), external, funding, funds, newId()],
    );
    await sql(`INSERT INTO rail_connection (tenant_id, id, rail, name, settings, sealed) VALUES ($1, $2, 'sandbox', 'Sandbox', '{}', '\\x00')`, [
      tenantId,
      connectionId,
    ]);
    return { tenantId, mode, funding, external, held, connectionId };
  };

  const home = await workspace('test', 1_000_000n);

  const person = async (role: Role, tenantId = home.tenantId): Promise<Person> => {
    const [id, factorId] = [newId(), newId()];
    const { secret, sealed } = await credentials.newTotpFactor(factorId, role);
    await enter(tenantId);
    await sql(`INSERT INTO person (id, email, name, password_hash) VALUES ($1, $2, $3, '')`, [id, `${id}@example.com`, role]);
    await sql(`INSERT INTO factor (id, person_id, kind, sealed) VALUES ($1, $2, 'totp', $3)`, [factorId, id, Buffer.from(sealed)]);
    await sql(`INSERT INTO membership (tenant_id, person_id, role) VALUES ($1, $2, $3)`, [tenantId, id, role]);
    return { id, role, secret, factorId };
  };

  /** A context of the API's own login, acting as a person (each time in a session of its own) or as any actor. */
  const as = (
    who: Person | Actor,
    { tenantId = home.tenantId, mode = home.mode, role = 'api' as 'api' | 'worker', with: more = {} as Partial<Services> } = {},
  ): Context => {
    const actor: Actor = 'secret' in who ? { type: 'user', personId: who.id, sessionId: newId(), role: who.role } : who;
    const requestId = newId();
    return {
      tenantId,
      mode,
      actor,
      requestId,
      inTenant: tenantTransactions(pool(role), { tenantId, actor, requestId }),
      services: { ...services, ...more },
    };
  };

  /** A payee whose one destination pays `name`; sealed as the product seals it. */
  const payee = async (name: string, madeBy: Person | null = null) => {
    const [id, destinationId] = [newId(), newId()];
    const place = { tenantId: home.tenantId, purpose: 'payee', record: destinationId, field: 'destination' } as const;
    const sealed = await as({ type: 'system', process: 'api' }).inTenant(async (stores) => {
      const { key, wrapped } = await services.vault.newSubjectKey(stores.keys, home.tenantId, id);
      await stores.keys.insertSubjectKeys([{ subjectId: id, wrapped }]);
      return services.vault.sealWith(key, place, Buffer.from(JSON.stringify({ salt: '00', sent_to: { name } })));
    });
    await enter(home.tenantId);
    await sql(`INSERT INTO payee (tenant_id, id, reference, payee_type, country, sealed_name) VALUES ($1, $2, $3, 'individual', 'DE', '\\x00')`, [
      home.tenantId,
      id,
      `payee-${id}`,
    ]);
    await sql(
      `INSERT INTO payee_destination (tenant_id, id, payee_id, version, kind, sealed, fingerprint, masked, commitment, created_by)
       VALUES ($1, $2, $3, 1, 'iban', $4, '\\x00', 'IBAN DE …1234', $5, $6)`,
      [home.tenantId, destinationId, id, Buffer.from(sealed), randomBytes(32), madeBy?.id ?? null],
    );
    return { id, destinationId };
  };
  let everyday: Promise<{ id: string; destinationId: string }> | undefined;

  /** A sealed batch in any state. Rows are the owner's, so that no gate had to be opened for it. */
  const batch = async (
    options: {
      amounts?: bigint[];
      state?: BatchState;
      preparer?: Person;
      payees?: { id: string; destinationId: string }[];
      deadlineAt?: Date;
      executeBy?: Date;
    } = {},
  ): Promise<SeededBatch> => {
    const { amounts = [600n, 400n], state = 'queued', payees = [] } = options;
    everyday ??= payee('Erika Mustermann');
    const usual = await everyday;
    const [id, digest] = [newId(), randomBytes(32)];
    const t = home.tenantId;
    await enter(t);
    const total = amounts.reduce((sum, amount) => sum + amount, 0n);
    await sql(
      `INSERT INTO payout_batch (tenant_id, id, description, rail, connection_id, funding_account_id, currency, chunk_size, source, created_actor, execute_by)
       VALUES ($1, $2, '', 'sandbox', $3, $4, 'EUR', 128, 'json', '{}', $5)`,
      [t, id, home.connectionId, home.funding, options.executeBy ?? null],
    );
    await sql(`INSERT INTO batch_control (tenant_id, batch_id, state, deadline_at) VALUES ($1, $2, $3, $4)`, [
      t,
      id,
      state,
      options.deadlineAt ?? new Date(Date.now() + 86_400_000),
    ]);
    await sql(`INSERT INTO batch_counter (tenant_id, batch_id, open) VALUES ($1, $2, $3)`, [t, id, amounts.length]);
    await sql(
      `INSERT INTO batch_content (tenant_id, batch_id, content_version, size, count, total, root, digest) VALUES ($1, $2, 1, $3, $3, $4, $5, $6)`,
      [t, id, amounts.length, total, randomBytes(32), digest],
    );
    await sql(`INSERT INTO batch_chunk (tenant_id, batch_id, chunk, root) VALUES ($1, $2, 0, $3)`, [t, id, randomBytes(32)]);
    for (const [ordinal, amount] of amounts.entries()) {
      const to = payees[ordinal] ?? usual;
      await sql(
        `INSERT INTO payout_item (tenant_id, batch_id, ordinal, payee_id, destination_id, reference, remittance, amount, leaf) VALUES ($1, $2, $3, $4, $5, $6, '', $7, $8)`,
        [t, id, ordinal, to.id, to.destinationId, `ref-${ordinal}`, amount, randomBytes(32)],
      );
    }
    if (options.preparer)
      await sql(`INSERT INTO batch_preparer (tenant_id, batch_id, person_id, deed) VALUES ($1, $2, $3, 'create')`, [t, id, options.preparer.id]);
    return { id, total, count: amounts.length, digest };
  };

  const code = (who: Person, steps = 0): Promise<string> => generate({ secret: who.secret, epoch: Math.floor(Date.now() / 1000) + steps * 30 });

  /** A code that the person's authenticator shows at no time near now. */
  const wrongCode = async (who: Person): Promise<string> => {
    const near = await Promise.all([-2, -1, 0, 1, 2].map((steps) => code(who, steps)));
    return ['000000', '111111', '222222', '333333', '444444', '555555'].find((guess) => !near.includes(guess)) as string;
  };

  const challenge = async (who: Person, gate: Gate, batchId: string): Promise<string> => {
    const asked = await askChallenge(as(who), { batch_id: batchId, gate });
    if (!asked.ok) throw new Error(`no challenge: ${asked.refusal.code}`);
    return uuidOf(asked.value.id);
  };

  /** Opens gates as a fresh person each, up to and including `last`. */
  const openUpTo = async (last: Gate, batchId: string): Promise<Person[]> => {
    const people: Person[] = [];
    for (const [gate, role] of [
      ['approve', 'approver'],
      ['authorize', 'authorizer'],
      ['execute', 'executor'],
    ] as const) {
      const who = await person(role);
      const opened = await openGate(as(who), { gate, batch_id: batchId, challenge_id: await challenge(who, gate, batchId), code: await code(who) });
      if (!opened.ok) throw new Error(`${gate} was refused: ${opened.refusal.code}`);
      people.push(who);
      if (gate === last) break;
    }
    return people;
  };

  const balance = async (accountId: string): Promise<bigint> => {
    await enter(home.tenantId);
    const [row] = await sql<{ balance: string }>(`SELECT balance FROM account WHERE id = $1`, [accountId]);
    return BigInt(row?.balance ?? '0');
  };

  const results = async (subjectId: string, action: string): Promise<string[]> => {
    await enter(home.tenantId);
    const rows = await sql<{ result: string }>(`SELECT result FROM audit_event WHERE subject_id = $1 AND action = $2 ORDER BY subject_seq`, [
      subjectId,
      action,
    ]);
    return rows.map((row) => row.result);
  };

  const close = async () => {
    await Promise.all(Object.values(pools).map((open) => open.close()));
    await owner.end();
    await database.drop();
  };

  return {
    database,
    home,
    services,
    credentials,
    workspace,
    person,
    as,
    payee,
    batch,
    code,
    wrongCode,
    challenge,
    openUpTo,
    balance,
    results,
    sql,
    enter,
    close,
  };
};

export type GateWorld = Awaited<ReturnType<typeof gateWorld>>;

/** `challenge_0198…` → the UUID inside. */
export const uuidOf = (wire: string): string => {
  const hex = wire.slice(wire.indexOf('_') + 1);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
};
