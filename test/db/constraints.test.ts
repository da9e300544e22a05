import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { BATCH_STATES, BATCH_TRANSITIONS } from '../../domain/batch/states.js';
import type { Gate } from '../../domain/gate.js';
import { systemEntropy } from '../../vault/entropy.js';
import { readTables } from '../harness/catalog.js';
import type { SeededBatch } from '../world/batches.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { codeOf } from '../world/wire.js';
import { type Attempts, openAttempts, ROLES, type Statement } from './attempts.js';
import { type Forgery, forgedGate } from './forged-gate.js';

jest.setTimeout(120_000);

/** Attacks each rule of the database with raw SQL, as the role that would profit. */

const { newId } = systemEntropy;

let world: World;
let attempts: Attempts;
let attempt: Attempts['attempt'];
let transfer: Attempts['transfer'];

beforeAll(async () => {
  world = await openWorld();
  attempts = await openAttempts(world);
  ({ attempt, transfer } = attempts);
});
afterAll(async () => {
  await attempts?.close();
  await world?.close();
});

describe('ledger', () => {
  test('no role overdraws an account', async () => {
    const { funding, held } = world.home;
    const balance = await world.balance(funding);
    expect(await attempt('owner', transfer(funding, held, balance, 'hold'))).toBeNull();
    expect(await attempt('owner', transfer(funding, held, balance + 1n, 'hold'))).toMatch(/account_not_overdrawn/);
    expect(await attempt('owner', transfer(held, funding, (await world.balance(held)) + 1n, 'release'))).toMatch(/account_not_overdrawn/);
    const poor = await world.batch({ amounts: [balance + 1n] });
    await world.openUpTo('approve', poor.id);
    expect(await attempt('api', ['SELECT sluice_place_hold($1, $2, $1)', [newId(), poor.id]])).toMatch(/account_not_overdrawn/);
  });

  test('a transfer is balanced by its form: two accounts of one currency and workspace, more than zero', async () => {
    const { tenantId, funding, held } = world.home;
    const foreign = await world.workspace({ funds: 5n });
    const [dollars] = await world.sql<{ id: string }>(
      `INSERT INTO account (tenant_id, id, kind, currency, name) VALUES ($1, $2, 'held', 'USD', 'held') ON CONFLICT DO NOTHING RETURNING id`,
      [tenantId, newId()],
    );
    for (const role of ['owner'] as const) {
      expect(await attempt(role, transfer(funding, held, 0n, 'hold'))).toMatch(/transfer_amount/);
      expect(await attempt(role, transfer(funding, held, -1n, 'hold'))).toMatch(/transfer_amount/);
      expect(await attempt(role, transfer(funding, funding, 1n, 'hold'))).toMatch(/transfer_moves|row-level security/);
      expect(await attempt(role, transfer(funding, held, 1n, 'hold', 'USD'))).toMatch(/another currency/);
      expect(await attempt(role, transfer(funding, dollars?.id ?? '', 1n, 'hold'))).toMatch(/another currency/);
      expect(await attempt(role, transfer(funding, foreign.held, 1n, 'hold'))).toMatch(/foreign key|absent|row-level security/);
      expect(await attempt(role, transfer(foreign.funding, held, 1n, 'hold'))).toMatch(/foreign key|absent|row-level security/);
      expect(await attempt(role, transfer(funding, held, 1n, 'gift'))).toMatch(/transfer_kind|row-level security/);
    }
  });

  test('a balance moves through transfers alone', async () => {
    const { tenantId, funding } = world.home;
    const set: [string, unknown[]] = [`UPDATE account SET balance = 1000000 WHERE id = $1`, [funding]];
    const rename: [string, unknown[]] = [`UPDATE account SET name = 'x' WHERE id = $1`, [funding]];
    for (const role of ROLES.filter((name) => name !== 'owner')) {
      expect(await attempt(role, set)).toMatch(/permission denied/);
      expect(await attempt(role, rename)).toMatch(['api', 'worker'].includes(role) ? /row-level security/ : /permission denied/);
    }
    const rich: [string, unknown[]] = [
      `INSERT INTO account (tenant_id, id, kind, currency, name, balance) VALUES ($1, $2, 'funding', 'EUR', 'Rich', 5)`,
      [tenantId, newId()],
    ];
    for (const role of ['api', 'owner'] as const) expect(await attempt(role, rich)).toMatch(/starts at zero/);
  });

  test('an account stays, with its id, kind and currency, so a transfer always names accounts that are there', async () => {
    const { held } = world.home;
    for (const sql of [
      `DELETE FROM account WHERE id = '${held}'`,
      `UPDATE account SET id = gen_random_uuid() WHERE id = '${held}'`,
      `UPDATE account SET currency = 'USD' WHERE id = '${held}'`,
      `UPDATE account SET kind = 'funding' WHERE id = '${held}'`,
    ])
      expect(await attempt('owner', [sql])).toMatch(/never deleted/);
    expect(await attempt('owner', ['TRUNCATE account CASCADE'])).toMatch(/never deleted|append-only/);
    expect(await attempt('owner', transfer(newId(), held, 1n, 'release'))).toMatch(/absent/);
    expect(await attempt('owner', transfer(held, newId(), 1n, 'release'))).toMatch(/absent/);
  });

  test('one transition of an item posts once', async () => {
    const { tenantId, funding, held } = world.home;
    const batchId = newId();
    const post = (): [string, unknown[]] => [
      `INSERT INTO transfer (tenant_id, id, debit_account_id, credit_account_id, amount, currency, kind, batch_id, ordinal, item_version, event_id)
       VALUES ($1, $2, $3, $4, 1, 'EUR', 'release', $5, 0, 1, $2)`,
      [tenantId, newId(), funding, held, batchId],
    ];
    expect(await attempt('owner', post(), post())).toMatch(/duplicate key/);
  });

  test('a hold only shrinks and resolves once', async () => {
    const { id } = await world.batch();
    await world.openUpTo('authorize', id);
    const set = (change: string): [string, unknown[]] => [`UPDATE hold SET ${change} WHERE batch_id = $1`, [id]];
    for (const role of ['api', 'worker'] as const) expect(await attempt(role, set('remaining = 1'))).toMatch(/permission denied/);
    expect(await attempt('owner', set('remaining = 1'))).toBeNull();
    expect(await attempt('owner', set('remaining = remaining + 1'))).toMatch(/only shrinks/);
    expect(await attempt('owner', set('remaining = -1'))).toMatch(/hold_amount/);
    expect(await attempt('owner', set('resolved_at = now()'))).toMatch(/hold_resolved/);
    expect(await attempt('owner', set('remaining = 0'))).toMatch(/hold_resolved/);
    expect(await attempt('owner', set('remaining = 0, resolved_at = now()'), set('remaining = 1, resolved_at = NULL'))).toMatch(/only shrinks/);
    expect(await attempt('owner', set('amount = amount + 1, remaining = remaining'))).toMatch(/only shrinks/);
  });
});

describe('rows that others name', () => {
  /** Copies one row of the batch's tables with some columns replaced. */
  const copy = (table: string, columns: string, changed: Record<string, string>, where: string): Statement => [
    `INSERT INTO ${table} (${columns}) SELECT ${columns
      .split(', ')
      .map((name) => changed[name] ?? name)
      .join(', ')} FROM ${table} WHERE ${where} LIMIT 1`,
  ];
  const ITEM = 'tenant_id, batch_id, ordinal, payee_id, destination_id, reference, remittance, amount, leaf';
  const DESTINATION = 'tenant_id, id, payee_id, version, kind, sealed, fingerprint, masked, commitment';

  test('an item names a batch and a destination of its payee, a destination a payee, a payee a workspace', async () => {
    const preparer = await world.person('preparer');
    const payees = [await world.payee('Ada', preparer), await world.payee('Bo', preparer)];
    const { id } = await world.batch({ amounts: [1n, 2n], payees });
    const item = (changed: Record<string, string>) => copy('payout_item', ITEM, { ordinal: '7', ...changed }, `batch_id = '${id}' AND ordinal = 0`);
    const another = `(SELECT i.payee_id FROM payout_item i WHERE i.batch_id = '${id}' AND i.ordinal = 1)`;
    for (const role of ['owner', 'api'] as const) {
      expect(await attempt(role, item({}))).toBeNull();
      expect(await attempt(role, item({ batch_id: 'gen_random_uuid()' }))).toMatch(/absent/);
      expect(await attempt(role, item({ destination_id: 'gen_random_uuid()' }))).toMatch(/absent/);
      expect(await attempt(role, item({ payee_id: another }))).toMatch(/absent/);
    }
    const destination = (changed: Record<string, string>) =>
      copy('payee_destination', DESTINATION, { id: 'gen_random_uuid()', version: '9', ...changed }, 'true');
    expect(await attempt('api', destination({}))).toBeNull();
    expect(await attempt('api', destination({ payee_id: 'gen_random_uuid()' }))).toMatch(/absent/);
    const nowhere = newId();
    const payee: Statement = [
      `INSERT INTO payee (tenant_id, id, reference, payee_type, country, sealed_name) VALUES ($1, $2, 'lost', 'individual', 'DE', '')`,
      [nowhere, newId()],
    ];
    expect(await attempt('owner', [`SELECT set_config('app.tenant_id', $1, true)`, [nowhere]], payee)).toMatch(/absent/);
  });

  describe('the key of a destination', () => {
    const written = newId();
    const destination = (changed: Record<string, string> = {}) =>
      copy('payee_destination', DESTINATION, { id: `'${written}'`, version: '9', ...changed }, 'true');
    const key = (destinationId: string, keyId = newId()): Statement => [
      'INSERT INTO payee_destination_key (tenant_id, destination_id, api_key_id) VALUES ($1, $2, $3)',
      [world.home.tenantId, destinationId, keyId],
    ];
    /** A file with this person and key that the API has handed over. */
    const handOver = (batchId: string, personId: string | null, keyId: string) =>
      world.sql(
        `INSERT INTO upload (tenant_id, batch_id, becomes, person_id, api_key_id, bytes, lines, parts) VALUES ($1, $2, 'queued', $3, $4, 1, 1, 1)`,
        [world.home.tenantId, batchId, personId, keyId],
      );

    test('comes with it: for one that is absent, or was there before, there is none', async () => {
      const payee = await world.payee('Cy', await world.person('preparer'));
      for (const role of ['owner', 'api'] as const) {
        expect(await attempt(role, destination(), key(written))).toBeNull();
        expect(await attempt(role, key(newId()))).toMatch(/absent, or was there before/);
        expect(await attempt(role, destination(), key(payee.destinationId))).toMatch(/absent, or was there before/);
      }
    });

    test('is, with its person, that of one file, where the worker writes it', async () => {
      const [one, other] = [newId(), newId()];
      const [mine, theirs] = [newId(), newId()];
      const batches = [await world.batch(), await world.batch(), await world.batch()];
      await handOver(batches[0]?.id ?? '', one, mine);
      await handOver(batches[1]?.id ?? '', other, theirs);
      const by = (person: string | null) =>
        copy(
          'payee_destination',
          `${DESTINATION}, created_by`,
          { id: `'${written}'`, version: '9', created_by: person ? `'${person}'` : 'NULL' },
          'true',
        );
      expect(await attempt('worker', by(one), key(written, mine))).toBeNull();
      expect(await attempt('worker', by(one), key(written, theirs))).toMatch(/of one file/);
      expect(await attempt('worker', by(one), key(written))).toMatch(/row-level security/);
      const [old] = await world.sql<{ id: string }>('SELECT id FROM payee_destination LIMIT 1');
      expect(await attempt('worker', key(old?.id ?? '', mine))).toMatch(/absent, or was there before/);
      await handOver(batches[2]?.id ?? '', null, mine);
      expect(await attempt('worker', by(null), key(written, mine))).toBeNull();
    });
  });

  test('and those rows stay, with their ids', async () => {
    await world.batch();
    for (const [table, id] of [
      ['workspace', 'tenant_id'],
      ['payee', 'id'],
      ['payee_destination', 'id'],
      ['payee_destination', 'payee_id'],
      ['payout_batch', 'id'],
    ])
      for (const sql of [`DELETE FROM ${table}`, `UPDATE ${table} SET ${id} = gen_random_uuid()`, `TRUNCATE ${table} CASCADE`])
        expect(await attempt('owner', [sql])).toMatch(/never deleted|append-only/);
  });
});

describe('append-only [S1-17] [S3-22]', () => {
  let kept: string[];
  beforeAll(async () => {
    kept = (await readTables(world.sql)).filter(({ appendOnly }) => appendOnly).map(({ name }) => name);
  });

  test('the tables that nobody changes are these at least [S1-17] [S3-22]', () => {
    expect(kept).toEqual(
      expect.arrayContaining(['audit_event', 'audit_leaf', 'batch_content', 'batch_preparer', 'gate', 'item_transition', 'dispatch', 'transfer']),
    );
  });

  test('each of them refuses update, delete and truncate, its owner included [S1-17] [S3-22]', async () => {
    for (const table of kept)
      for (const role of ROLES)
        for (const sql of [`UPDATE ${table} SET tenant_id = tenant_id`, `DELETE FROM ${table}`, `TRUNCATE ${table} CASCADE`])
          expect(`${table}: ${await attempt(role, [sql])}`).toMatch(role === 'owner' ? /is append-only/ : /is append-only|permission denied/);
  });
});

describe('batch states', () => {
  const put = async (state: string): Promise<[string, unknown[]][]> => {
    const id = newId();
    const { tenantId, connectionId, funding } = world.home;
    return [
      [
        `INSERT INTO payout_batch (tenant_id, id, description, rail, connection_id, funding_account_id, currency, chunk_size, source, created_actor)
         VALUES ($1, $2, '', 'sandbox', $3, $4, 'EUR', 128, 'json', '{}')`,
        [tenantId, id, connectionId, funding],
      ],
      [`INSERT INTO batch_control (tenant_id, batch_id, state) VALUES ($1, $2, $3)`, [tenantId, id, state]],
    ];
  };
  const last = (statements: [string, unknown[]][]) => statements[1]?.[1][1];

  test('the database allows exactly the edges of the state machine [S1-23]', async () => {
    for (const from of BATCH_STATES)
      for (const to of BATCH_STATES) {
        const seed = await put(from);
        const move: [string, unknown[]] = [
          `UPDATE batch_control SET state = $2, row_version = row_version + 1 WHERE batch_id = $1`,
          [last(seed), to],
        ];
        const edge = Object.values(BATCH_TRANSITIONS).some(
          (transition) => transition.to === to && (transition.from as readonly string[]).includes(from),
        );
        const problem = await attempt('owner', ...seed, move);
        if (to === 'executing' && edge) expect(problem).toMatch(/three gates by three people/);
        else if (edge || from === to) expect(problem).toBeNull();
        else expect(problem).toMatch(/does not go from/);
      }
  });

  test('every change of a control row moves row_version by one, and content_version never back', async () => {
    for (const change of [
      'state = state',
      'row_version = row_version + 2',
      'row_version = row_version',
      'row_version = row_version + 1, content_version = 0',
    ]) {
      const seed = await put('queued');
      expect(await attempt('owner', ...seed, [`UPDATE batch_control SET ${change} WHERE batch_id = $1`, [last(seed)]])).toMatch(
        /row_version must grow/,
      );
    }
  });
});

describe('gates', () => {
  let batch: SeededBatch;
  beforeEach(async () => {
    batch = await world.batch();
    await world.openUpTo('authorize', batch.id);
  });

  const forge = (who: Person, gate: Gate, over: Forgery = {}) => forgedGate(world, who, gate, batch, over);
  const execute = (): [string, unknown[]] => [
    `UPDATE batch_control SET state = 'executing', row_version = row_version + 1 WHERE batch_id = $1`,
    [batch.id],
  ];

  test('nothing executes without three gates by three people on the stored content [S3-07] [S3-13]', async () => {
    const executor = await world.person('executor');
    expect(await attempt('api', execute())).toMatch(/three gates by three people/);
    expect(await attempt('worker', execute())).toMatch(/three gates by three people/);
    expect(await attempt('owner', execute())).toMatch(/three gates by three people/);
    expect(await attempt('api', ...forge(executor, 'execute'), execute())).toBeNull();
    expect(await attempt('api', ...forge(executor, 'execute', { digest: Buffer.alloc(32, 7) }), execute())).toMatch(/three gates by three people/);
    expect(await attempt('api', ...forge(executor, 'execute', { version: 2 }), execute())).toMatch(/three gates by three people/);
    const edited: [string, unknown[]] = [
      `UPDATE batch_control SET content_version = 2, row_version = row_version + 1 WHERE batch_id = $1`,
      [batch.id],
    ];
    expect(await attempt('api', ...forge(executor, 'execute'), edited, execute())).toMatch(/three gates by three people/);
  });

  test('one person, one gate; one gate, one opening [S3-13]', async () => {
    const admin = await world.person('admin');
    batch = await world.batch();
    expect(codeOf(await world.tryGate(admin, 'approve', batch.id, await world.challenge(admin, 'approve', batch.id)))).toBe('ok');
    const [factor] = await world.sql<{ last_step: string }>('SELECT last_step FROM factor WHERE id = $1', [admin.factorId]);
    expect(await attempt('api', ...forge(admin, 'execute', { timeStep: Number(factor?.last_step) }))).toMatch(/duplicate key.*person_id/);
    expect(await attempt('api', ...forge(await world.person('admin'), 'approve'))).toMatch(/duplicate key.*_gate_key/);
  });

  test('a preparer opens neither approve nor authorize [S3-13]', async () => {
    const preparer = await world.person('admin');
    batch = await world.batch({ preparer });
    for (const kind of ['approve', 'authorize'] as const) expect(await attempt('api', ...forge(preparer, kind))).toMatch(/a preparer opens neither/);
    expect(await attempt('api', ...forge(preparer, 'execute'))).toBeNull();
  });

  test('a gate needs its own challenge: used, of this person, gate, batch and content, and never twice [S3-07]', async () => {
    const [who, other] = [await world.person('executor'), await world.person('executor')];
    const cases: Forgery[] = [
      { used: 'NULL' },
      { challenge: { personId: other.id } },
      { challenge: { gate: 'approve' } },
      { challenge: { version: 2 } },
      { challenge: { digest: Buffer.alloc(32) } },
    ];
    for (const over of cases) expect(await attempt('api', ...forge(who, 'execute', over))).toMatch(/its own used challenge/);
    // Without its challenge.
    expect(await attempt('api', ...forge(who, 'execute').filter(([sql]) => !sql.startsWith('INSERT INTO challenge')))).toMatch(
      /its own used challenge/,
    );
    const id = newId();
    const [acting, shown, ...opening] = forge(who, 'execute', { challenge: { id } });
    const reopened: [string, unknown[]] = [`UPDATE challenge SET used_at = NULL WHERE id = $1`, [id]];
    const reused: [string, unknown[]] = [`UPDATE challenge SET used_at = now() WHERE id = $1`, [id]];
    const [actingToo, , ...again] = forge(other, 'execute', { challenge: { id } });
    expect(await attempt('api', acting as Statement, shown as Statement, ...opening, actingToo as Statement, ...again)).toMatch(
      /its own used challenge|duplicate key/,
    );
    for (const change of [reopened, reused]) expect(await attempt('api', shown as Statement, change)).toMatch(/used or cancelled once/);
  });

  test('a time step never comes back, whatever the role', async () => {
    const who = await world.person('approver');
    const step = (to: string): [string, unknown[]] => [`UPDATE factor SET last_step = ${to} WHERE id = $1`, [who.factorId]];
    const own: [string, unknown[]] = [`SELECT set_config('app.person_id', $1, true)`, [who.id]];
    expect(await attempt('api', own, step('100'), step('100'))).toBeNull();
    for (const role of ['api', 'owner'] as const) expect(await attempt(role, own, step('100'), step('99'))).toMatch(/does not come back/);
    for (const role of ['worker', 'relay', 'sequencer'] as const) expect(await attempt(role, step('100'))).toMatch(/permission denied/);
  });
});
