import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { DestinationRow, NewDestination } from '../../operations/stores/payees.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';
import type { Workspace } from '../world/workspaces.js';

let world: World;
let foreign: Workspace;
beforeAll(async () => {
  world = await openWorld();
  foreign = await world.workspace();
});
afterAll(() => world?.close());

const enter = (tenantId = world.home.tenantId) => world.api(tenantId).inTenant;
const payee = (reference: string) => ({
  id: systemEntropy.newId(),
  reference,
  payeeType: 'company' as const,
  country: 'NL',
  sealedName: randomBytes(50),
});
const destination = (payeeId: string, version: number): NewDestination => ({
  id: systemEntropy.newId(),
  payeeId,
  version,
  kind: 'iban',
  sealed: randomBytes(80),
  fingerprint: randomBytes(32),
  masked: 'IBAN NL …4300',
  commitment: randomBytes(32),
  createdBy: version % 2 ? null : systemEntropy.newId(),
  createdByKey: version % 2 ? systemEntropy.newId() : null,
});
/** A version as it is read: without its key, and bytes of one class. */
const plain = (row: DestinationRow | NewDestination | null | undefined) => {
  if (!row) return row;
  const { createdByKey: _, ...read } = { createdByKey: null, ...row };
  return { ...read, sealed: Buffer.from(row.sealed), fingerprint: Buffer.from(row.fingerprint), commitment: Buffer.from(row.commitment) };
};

describe('the store of payees', () => {
  test('keeps what it was given, and finds it by id and reference with the newest destination', async () => {
    const row = payee(`kept-${systemEntropy.newId()}`);
    const versions = [1, 2, 3].map((version) => destination(row.id, version));
    const read = await enter()(async ({ payees }) => {
      expect(await payees.insert([row])).toEqual(new Set([row.reference]));
      expect(await payees.insertDestinations(versions)).toEqual(new Set(versions.map(({ id }) => id)));
      return {
        toPay: await payees.toPay('reference', [row.reference, 'absent', row.reference], true),
        toPayById: await payees.toPay('id', [row.id, systemEntropy.newId()], true),
        withoutNewest: await payees.toPay('id', [row.id], false),
        byId: (await payees.byIds([row.id, systemEntropy.newId()])).get(row.id),
        get: await payees.get(row.id),
        all: await payees.destinations(versions.map(({ id }) => id)),
        some: await payees.destinations([versions[0]?.id ?? '', versions[2]?.id ?? '']),
      };
    });
    expect(read.get).toMatchObject({ id: row.id, reference: row.reference, payeeType: 'company', country: 'NL', heldAt: null });
    expect(Buffer.from(read.get?.sealedName ?? [])).toEqual(row.sealedName);
    const { id, reference, payeeType, country } = row;
    const { payeeId, version, kind, fingerprint, commitment } = plain(versions[2]) ?? {};
    const newest = { id: versions[2]?.id, payeeId, version, kind, fingerprint, commitment };
    expect(read.toPay).toEqual([{ id, reference, payeeType, country, hasKey: false, newest }]);
    expect(read.toPayById).toEqual(read.toPay);
    expect(read.withoutNewest).toEqual([{ ...read.toPay[0], newest: null }]);
    expect(plain(read.byId?.destination)).toEqual(plain(versions[2]));
    expect(versions.map(({ id }) => plain(read.all.get(id)))).toEqual(versions.map(plain));
    const keys = await world.sql('SELECT destination_id, api_key_id FROM payee_destination_key ORDER BY destination_id');
    expect(keys).toEqual([versions[0], versions[2]].map((one) => ({ destination_id: one?.id, api_key_id: one?.createdByKey })));
    expect([...read.some.keys()].sort()).toEqual([versions[0]?.id, versions[2]?.id].sort());
  });

  test('leaves out a reference and a version that are taken, and writes the others', async () => {
    const [first, second] = [payee(`taken-${systemEntropy.newId()}`), payee(`free-${systemEntropy.newId()}`)];
    await enter()(({ payees }) => payees.insert([first]));
    const inserted = await enter()(({ payees }) => payees.insert([{ ...payee(first.reference) }, second]));
    expect(inserted).toEqual(new Set([second.reference]));
    const [one, again, two] = [destination(first.id, 1), destination(first.id, 1), destination(first.id, 2)];
    await enter()(({ payees }) => payees.insertDestinations([one]));
    expect(await enter()(({ payees }) => payees.insertDestinations([again, two]))).toEqual(new Set([two.id]));
  });

  test('takes more rows than one statement does', async () => {
    const rows = Array.from({ length: 5_001 }, (_, i) => payee(`many-${i}`));
    expect((await enter()(({ payees }) => payees.insert(rows))).size).toBe(5_001);
    expect(
      await enter()(({ payees }) =>
        payees.toPay(
          'reference',
          rows.map(({ reference }) => reference),
          true,
        ),
      ),
    ).toHaveLength(5_001);
  });

  test('shows and changes nothing of another workspace', async () => {
    const row = payee(`ours-${systemEntropy.newId()}`);
    const version = destination(row.id, 1);
    await enter()(async ({ payees }) => {
      await payees.insert([row]);
      await payees.insertDestinations([version]);
    });
    await enter(foreign.tenantId)(async ({ payees }) => {
      expect(await payees.get(row.id)).toBeNull();
      expect((await payees.byIds([row.id])).size).toBe(0);
      expect(await payees.toPay('reference', [row.reference], true)).toEqual([]);
      expect(await payees.toPay('id', [row.id], true)).toEqual([]);
      expect((await payees.destinations([version.id])).size).toBe(0);
      expect((await payees.list({ limit: 200 })).rows).toEqual([]);
    });
    await expect(enter(foreign.tenantId)(({ payees }) => payees.insertDestinations([destination(row.id, 2)]))).rejects.toThrow();
  });

  test('says whether a payee is held, by whom and why', async () => {
    const row = payee(`held-${systemEntropy.newId()}`);
    await enter()(({ payees }) => payees.insert([row]));
    const get = () => enter()(({ payees }) => payees.get(row.id));
    const [personId, apiKeyId] = [systemEntropy.newId(), systemEntropy.newId()];
    await enter()(({ payees }) => payees.hold(row.id, { personId, apiKeyId }, 'a call'));
    const held = await get();
    expect(held?.heldAt).toBeInstanceOf(Date);
    const holds = await enter()(({ payees }) => payees.holds(held ? [held] : []));
    expect(holds.get(row.id)).toEqual({ payeeId: row.id, heldAt: held?.heldAt, personId, apiKeyId, reason: 'a call' });
    await enter()(({ payees }) => payees.release(row.id));
    const released = await get();
    expect(released?.heldAt).toBeNull();
    expect(await enter()(({ payees }) => payees.holds(released ? [released] : []))).toEqual(new Map());
  });

  test('a destination version is never changed: not by the API, and nothing grants it', async () => {
    const rows = await world.sql(`SELECT grantee, privilege_type FROM information_schema.column_privileges
       WHERE table_name = 'payee_destination' AND privilege_type = 'UPDATE' AND grantee NOT IN (SELECT tableowner FROM pg_tables WHERE tablename = 'payee_destination')`);
    expect(rows).toEqual([]);
  });
});
