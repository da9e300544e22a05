import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { SealedPlace } from '../../operations/ports.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openVault } from '../../vault/open-vault.js';
import { freshKeyFile, keyRows } from './keys.js';

const keyFile = freshKeyFile();
const place = fc.record<SealedPlace>({
  tenantId: fc.uuid(),
  purpose: fc.constantFrom('payee', 'connection', 'inbound'),
  record: fc.uuid(),
  field: fc.constantFrom('body', 'credentials'),
});

describe('the vault [S5-05]', () => {
  test('opens what it sealed, another process with the same key file too', async () => {
    await fc.assert(
      fc.asyncProperty(place, fc.uint8Array({ maxLength: 100 }), async (where, plain) => {
        const rows = keyRows();
        const sealed = await openVault(keyFile, systemEntropy).seal(rows.begin(), where, plain);
        expect(Buffer.from(await openVault(keyFile, systemEntropy).open(rows.begin(), where, sealed))).toEqual(Buffer.from(plain));
      }),
      { numRuns: 30 },
    );
  });

  test('refuses a ciphertext of another tenant, purpose, record or field [S1-06]', async () => {
    const vault = openVault(keyFile, systemEntropy);
    const [ours, theirs] = [keyRows(), keyRows()];
    const where: SealedPlace = { tenantId: systemEntropy.newId(), purpose: 'connection', record: systemEntropy.newId(), field: 'credentials' };
    const foreign = systemEntropy.newId();
    const sealed = await vault.seal(ours.begin(), where, Buffer.from('secret'));
    await vault.seal(theirs.begin(), { ...where, tenantId: foreign }, Buffer.from('theirs'));
    await vault.seal(ours.begin(), { ...where, purpose: 'inbound' }, Buffer.from('other'));
    await expect(vault.open(theirs.begin(), { ...where, tenantId: foreign }, sealed)).rejects.toThrow(/does not open/);
    await expect(vault.open(ours.begin(), { ...where, purpose: 'inbound' }, sealed)).rejects.toThrow(/does not open/);
    await expect(vault.open(ours.begin(), { ...where, record: foreign }, sealed)).rejects.toThrow(/does not open/);
    await expect(vault.open(ours.begin(), { ...where, field: 'body' }, sealed)).rejects.toThrow(/does not open/);
  });

  test('a wrapped tenant key cannot be carried into another tenant [S1-06]', async () => {
    const rows = keyRows();
    const where: SealedPlace = { tenantId: systemEntropy.newId(), purpose: 'connection', record: systemEntropy.newId(), field: 'credentials' };
    await openVault(keyFile, systemEntropy).seal(rows.begin(), where, Buffer.from('secret'));
    const carried = openVault(keyFile, systemEntropy).seal(rows.begin(), { ...where, tenantId: systemEntropy.newId() }, Buffer.from('x'));
    await expect(carried).rejects.toThrow(/does not open/);
  });

  test('says so when the database belongs to another key file', async () => {
    const rows = keyRows();
    const where: SealedPlace = { tenantId: systemEntropy.newId(), purpose: 'connection', record: systemEntropy.newId(), field: 'credentials' };
    const sealed = await openVault(keyFile, systemEntropy).seal(rows.begin(), where, Buffer.from('secret'));
    await expect(openVault(freshKeyFile(), systemEntropy).open(rows.begin(), where, sealed)).rejects.toThrow(/is wrapped under root key/);
  });

  test('seals nothing under a key whose transaction rolled back', async () => {
    const vault = openVault(keyFile, systemEntropy);
    const rows = keyRows();
    const where: SealedPlace = { tenantId: systemEntropy.newId(), purpose: 'connection', record: systemEntropy.newId(), field: 'credentials' };
    const lost = rows.begin('rolls back');
    await vault.open(lost, where, await vault.seal(lost, where, Buffer.from('never committed')));
    const sealed = await vault.seal(rows.begin(), where, Buffer.from('kept'));
    expect(Buffer.from(await openVault(keyFile, systemEntropy).open(rows.begin(), where, sealed)).toString()).toBe('kept');
  });

  test('reads a tenant key once for any number of fields', async () => {
    const vault = openVault(keyFile, systemEntropy);
    const rows = keyRows();
    const tenantId = systemEntropy.newId();
    await vault.seal(rows.begin(), { tenantId, purpose: 'inbound', record: 'first', field: 'body' }, Buffer.from(''));
    await vault.seal(rows.begin(), { tenantId, purpose: 'inbound', record: 'second', field: 'body' }, Buffer.from(''));
    const before = rows.reads();
    for (let i = 0; i < 100; i++) await vault.seal(rows.begin(), { tenantId, purpose: 'inbound', record: `${i}`, field: 'body' }, Buffer.from(''));
    expect(rows.reads()).toBe(before);
  });

  test('forgets the key that was not used for longest when there are too many, and reads it again', async () => {
    const vault = openVault(keyFile, systemEntropy);
    const rows = new Map(Array.from({ length: 2_100 }, () => [systemEntropy.newId(), keyRows()]));
    const places: [SealedPlace, Uint8Array][] = [];
    for (const [tenantId, its] of rows) {
      const where: SealedPlace = { tenantId, purpose: 'inbound', record: 'r', field: 'body' };
      places.push([where, await vault.seal(its.begin(), where, Buffer.from(tenantId))]);
      await vault.seal(its.begin(), where, Buffer.from('now from the committed row'));
    }
    const [first, last] = [places[0], places.at(-1)];
    if (!first || !last) throw new Error('no places');
    const readsOf = ([where]: [SealedPlace, Uint8Array]) => rows.get(where.tenantId)?.reads() ?? Number.NaN;
    for (const [place, reads] of [
      [last, 0],
      [first, 1],
    ] as const) {
      const before = readsOf(place);
      await vault.open(rows.get(place[0].tenantId)?.begin() ?? keyRows().begin(), ...place);
      expect(readsOf(place) - before).toBe(reads);
    }
  });

  test('subject keys: each payee has its own, bound to the payee', async () => {
    const vault = openVault(keyFile, systemEntropy);
    const rows = keyRows();
    const tenantId = systemEntropy.newId();
    const [one, other] = [systemEntropy.newId(), systemEntropy.newId()];
    const newKey = await vault.newSubjectKeys(rows.begin(), tenantId);
    const [first, second] = [newKey(one), newKey(other)];
    const opened = await vault.subjectKeys(
      rows.begin(),
      tenantId,
      new Map([
        [one, first.stored],
        [other, second.stored],
      ]),
    );
    expect(Buffer.from(opened.get(one) ?? [])).toEqual(Buffer.from(first.key));
    expect(Buffer.from(opened.get(other) ?? [])).toEqual(Buffer.from(second.key));
    expect(Buffer.from(first.key)).not.toEqual(Buffer.from(second.key));
    // A secret that is moved to another payee gives another key.
    const moved = await vault.subjectKeys(rows.begin(), tenantId, new Map([[other, first.stored]]));
    expect(Buffer.from(moved.get(other) ?? [])).not.toEqual(Buffer.from(first.key));
    const where: SealedPlace = { tenantId, purpose: 'payee', record: one, field: 'name' };
    const sealed = vault.sealWith(first.key, where, Buffer.from('a name'));
    expect(Buffer.from(vault.openWith(first.key, where, sealed)).toString()).toBe('a name');
    expect(() => vault.openWith(second.key, where, sealed)).toThrow(/does not open/);
  });

  test('fingerprints match equal data of one tenant and purpose, and nothing else', async () => {
    const vault = openVault(keyFile, systemEntropy);
    const [tenant, rows] = [systemEntropy.newId(), keyRows()];
    const mac = async (tenantId: string, its: typeof rows, purpose: 'fingerprint' | 'idempotency', text: string) =>
      Buffer.from((await vault.macs(its.begin(), tenantId, purpose))(Buffer.from(text))).toString('hex');
    const one = await mac(tenant, rows, 'fingerprint', 'DE89');
    expect(await mac(tenant, rows, 'fingerprint', 'DE89')).toBe(one);
    expect(await mac(tenant, rows, 'fingerprint', 'DE88')).not.toBe(one);
    expect(await mac(tenant, rows, 'idempotency', 'DE89')).not.toBe(one);
    expect(await mac(systemEntropy.newId(), keyRows(), 'fingerprint', 'DE89')).not.toBe(one);
  });
});
