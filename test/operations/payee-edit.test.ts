import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createBatch, createBatchCsv } from '../../contracts/batches.js';
import { editPayee as contract } from '../../contracts/payees.js';
import type { Gate } from '../../domain/gate.js';
import { canonicalBytes, type Json, toHex } from '../../domain/hashing.js';
import { toWireId } from '../../domain/ids.js';
import { payChunk } from '../../operations/chunk/pay.js';
import { askChallenge } from '../../operations/gate/ask.js';
import { receiveCsv } from '../../operations/intake/receive-csv.js';
import { addDestination } from '../../operations/payee/add-destination.js';
import { editPayee } from '../../operations/payee/edit.js';
import { createPayoutBatch } from '../../operations/payout-batch/create.js';
import { showPayoutBatch } from '../../operations/payout-batch/show.js';
import { spooled } from '../world/intake.js';
import { openPayingWorld, type PayingWorld } from '../world/paying.js';
import type { Person } from '../world/people.js';
import { codeOf, made, must, refusalOf, uuidOf } from '../world/wire.js';

let world: PayingWorld;
beforeAll(async () => {
  world = await openPayingWorld();
}, 120_000);
afterAll(() => world?.close());

const terms = { currency: 'EUR', rail: 'sandbox' };
const ada = (reference: string) => ({ reference, name: 'Ada Lovelace', country: 'DE', account_token: `acct_${reference}` });
let payments = 0;
/** A queued batch of one payment to this payee. Returns its UUID. */
const batchOf = async (payee: object) => {
  payments += 1;
  const items = [{ payee, amount: 500, reference: `INV ${payments}` }];
  return uuidOf(made(await createPayoutBatch(world.as(world.preparer), { ...createBatch.parse({ ...terms, items }), validate_only: false })).id);
};
const known = (reference: string) => batchOf({ reference });
const executing = async (batchId: string) => {
  await world.openUpTo('execute', batchId);
  await world.sequence();
  return batchId;
};
const pay = (batchId: string) => payChunk(world.worker(), { batchId, chunk: 0 }, () => {});
const paid = async (payee: object) => {
  await pay(await executing(await batchOf(payee)));
};
const idOf = async (reference: string) => {
  const [row] = await world.sql<{ id: string }>('SELECT id FROM payee WHERE reference = $1', [reference]);
  return row?.id ?? '';
};
const edit = async (reference: string, body: object, who: Person = world.preparer) =>
  editPayee(world.as(who), { payee_id: await idOf(reference), ...contract.parse(body) });
const factsOf = async (batchId: string) =>
  must(await askChallenge(world.as(await world.person('approver')), { batch_id: batchId, gate: 'approve' })).summary.facts;
const attentionOf = async (batchId: string) => must(await showPayoutBatch(world.api(), { batch_id: batchId })).attention;
const eventsOf = async (reference: string) =>
  world.sql<{ result: string; detail: object }>(
    `SELECT result, detail FROM audit_event WHERE action = 'payee.edit' AND subject_id = $1 ORDER BY id`,
    [await idOf(reference)],
  );
const ask = async (who: Person, batchId: string, gate: Gate) => codeOf(await askChallenge(world.as(who), { batch_id: batchId, gate }));
const changedLately = (who: Person, batchId: string) =>
  world.sql('SELECT sluice_changed_lately($1, $2, $3, now()) AS changed', [world.home.tenantId, batchId, who.id]);

describe('a payee who was never paid', () => {
  test('is corrected without a reason: name, type and country, in a new version of the same account', async () => {
    await batchOf(ada('fresh'));
    const shown = must(await edit('fresh', { name: 'Ada King', payee_type: 'company', country: 'AT' }));
    expect(shown).toMatchObject({ name: 'Ada King', payee_type: 'company', country: 'AT', destination: { version: 2, masked: 'Account …resh' } });
    expect(await eventsOf('fresh')).toEqual([
      {
        result: 'ok',
        detail: {
          fields: ['name', 'payee_type', 'country'],
          paid: false,
          changed: true,
          destination_id: (await world.destinationsOf(await idOf('fresh')))[1]?.id,
        },
      },
    ]);
    expect(await attentionOf(await known('fresh'))).not.toContain('changed_payees');
  });

  test('keeps its version when nothing is another than before', async () => {
    await batchOf(ada('same'));
    expect(must(await edit('same', { name: 'Ada Lovelace', country: 'DE' })).destination?.version).toBe(1);
    expect(await eventsOf('same')).toMatchObject([{ result: 'ok', detail: { changed: false } }]);
  });

  test('says what is to be corrected', () => {
    expect(contract.safeParse({ reason: 'They moved.' }).error?.issues).toMatchObject([{ params: { reason: 'nothing_given' } }]);
    expect(contract.parse({ country: 'AT' })).toEqual({ country: 'AT' });
  });

  test('of before fingerprints had the part of name, type and country keeps its version too', async () => {
    await batchOf(ada('of-before'));
    await world.sql(
      `UPDATE payee_destination SET fingerprint = substr(fingerprint, 1, 32) || substr(sha256(fingerprint), 1, 16) WHERE payee_id = $1`,
      [await idOf('of-before')],
    );
    await batchOf(ada('of-before'));
    expect(await world.destinationsOf(await idOf('of-before'))).toHaveLength(1);
  });

  test('of another workspace looks absent; who was deleted keeps nothing to correct', async () => {
    await batchOf(ada('there'));
    const away = await world.workspace();
    const stranger = world.as(await world.person('admin', [away.tenantId]), away);
    expect(await editPayee(stranger, { payee_id: await idOf('there'), country: 'AT' })).toEqual(
      await editPayee(stranger, { payee_id: world.services.entropy.newId(), country: 'AT' }),
    );
    await world.sql('UPDATE subject_key SET wrapped = NULL, deleted_at = now() WHERE subject_id = $1', [await idOf('there')]);
    expect(refusalOf(await edit('there', { country: 'AT' }))).toEqual({ code: 'invalid_request', errors: ['payee_id payee_deleted'] });
    expect(await world.sql('SELECT country FROM payee WHERE reference = $1', ['there'])).toEqual([{ country: 'DE' }]);
  });

  test('is one of all corrections when several are made at once, and a file that changes the account meanwhile loses none', async () => {
    await batchOf(ada('crowd'));
    const payee_id = await idOf('crowd');
    await Promise.all([
      ...['AT', 'FR', 'PT'].map((country) => edit('crowd', { country })),
      ...['Ada King', 'Ada Byron'].map((name) => edit('crowd', { name })),
      ...[1, 2].map((i) => addDestination(world.as(world.preparer), { payee_id, account_token: `acct_crowd_${i}` })),
    ]);
    const versions = await world.destinationsOf(payee_id);
    expect(versions.map(({ version }) => version)).toEqual(versions.map((_, i) => i + 1));
    const shown = must(await edit('crowd', { payee_type: 'company' }));
    expect(['Ada King', 'Ada Byron']).toContain(shown.name);
    expect(['AT', 'FR', 'PT']).toContain(shown.country);
  });
});

describe('a payee who is paid', () => {
  test('needs a reason as soon as a payment may leave, and not before', async () => {
    const batchId = await batchOf(ada('leaving'));
    await world.openUpTo('authorize', batchId);
    must(await edit('leaving', { country: 'AT' }));
    const other = await executing(await known('leaving'));
    expect(refusalOf(await edit('leaving', { country: 'FR' }))).toEqual({ code: 'invalid_request', errors: ['reason required'] });
    expect((await eventsOf('leaving')).at(-1)).toMatchObject({ result: 'invalid_request', detail: { fields: ['country'], paid: true } });
    await pay(other);
    expect(codeOf(await edit('leaving', { country: 'FR' }))).toBe('invalid_request');
    must(await edit('leaving', { country: 'FR', reason: 'They moved.' }));
    const [event] = (await eventsOf('leaving')).slice(-1);
    expect(event).toMatchObject({
      result: 'ok',
      detail: { fields: ['country'], paid: true, reason_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(JSON.stringify(event)).not.toMatch(/moved|FR|Ada/);
  });

  test('is shown to who opens a gate: what is another than what was paid last, by whom and when; what is open pays the old version', async () => {
    await paid(ada('shown'));
    const open = await known('shown');
    const changer = await world.person('preparer');
    must(await edit('shown', { name: 'Bea Quist', payee_type: 'company', country: 'FR', reason: 'They sold the channel.' }, changer));
    const batchId = await known('shown');
    expect(await attentionOf(batchId)).toContain('changed_payees');
    const facts = await factsOf(batchId);
    expect(facts.changed_payees).toEqual({
      count: 1,
      shown: [
        {
          payee_reference: 'shown',
          name: { from: 'Ada Lovelace', to: 'Bea Quist' },
          payee_type: { from: 'individual', to: 'company' },
          country: { from: 'DE', to: 'FR' },
          changed_by: { person_id: toWireId('person', changer.id), name: expect.any(String), roles: ['preparer'], api_key: null },
          changed_at: expect.stringMatching(/Z$/),
        },
      ],
    });
    const events = await world.sql<{ detail: { facts_sha256: string } }>(
      `SELECT detail FROM audit_event WHERE subject_id = $1 AND action = 'gate.challenge'`,
      [batchId],
    );
    // The log knows of the names what it always did: their first letters.
    const [shown] = facts.changed_payees.shown;
    const logged = { ...facts, changed_payees: { count: 1, shown: [{ ...shown, name: { from: 'A… L…', to: 'B… Q…' } }] } };
    expect(events.at(-1)?.detail.facts_sha256).toBe(toHex(world.services.sha256(canonicalBytes(logged as Json))));
    expect(JSON.stringify(events)).not.toMatch(/Ada|Bea|Quist/);
    expect(facts.changed_destinations.count).toBe(0);
    expect(await attentionOf(open)).not.toContain('changed_payees');
    expect((await factsOf(open)).changed_payees).toEqual({ count: 0, shown: [] });
    const versions = await world.sql(
      `SELECT i.batch_id AS id, d.version FROM payout_item i JOIN payee_destination d ON d.id = i.destination_id WHERE i.batch_id = ANY ($1)`,
      [[open, batchId]],
    );
    expect(versions).toEqual(
      expect.arrayContaining([
        { id: open, version: 1 },
        { id: batchId, version: 2 },
      ]),
    );
    await pay(await executing(batchId));
    expect(await attentionOf(batchId)).not.toContain('changed_payees');
    expect((await factsOf(await known('shown'))).changed_payees.count).toBe(0);
  });

  test('is seen to be another when it is a person with the same first letters, or the same name written otherwise', async () => {
    await paid({ ...ada('initials'), name: 'Nora Vance' });
    const nameOf = async () => (await factsOf(await known('initials'))).changed_payees.shown[0]?.name;
    must(await edit('initials', { name: 'Nils Varga', reason: 'They sold the channel.' }));
    expect(await nameOf()).toEqual({ from: 'Nora Vance', to: 'Nils Varga' });
    must(await edit('initials', { name: 'NORA VANCE', reason: 'As on the passport.' }));
    expect(await nameOf()).toEqual({ from: 'Nora Vance', to: 'NORA VANCE' });
  });

  test('of whom the person was deleted since is shown without what changed', async () => {
    await paid(ada('gone'));
    must(await edit('gone', { name: 'Bea Quist', reason: 'They sold the channel.' }));
    const batchId = await known('gone');
    await world.sql('UPDATE subject_key SET wrapped = NULL, deleted_at = now() WHERE subject_id = $1', [await idOf('gone')]);
    expect((await factsOf(batchId)).changed_payees).toMatchObject({ count: 1, shown: [{ name: null, payee_type: null, country: null }] });
  });

  test('is shown by JSON and by a file that name them otherwise, each kind of change alone; there and back is none', async () => {
    for (const reference of ['by-json', 'by-file', 'typed', 'moved', 'account', 'back']) await paid(ada(reference));
    const shownOf = async (batchId: string) =>
      (await factsOf(batchId)).changed_payees.shown.map(({ name, payee_type, country }) => ({ name, payee_type, country }));
    const renamed = { name: { from: 'Ada Lovelace', to: 'Ada King' }, payee_type: null, country: null };
    expect(await shownOf(await batchOf({ ...ada('by-json'), name: 'Ada King' }))).toEqual([renamed]);
    const file = 'payee_reference,payee_name,amount,reference\nby-file,Ada King,5.00,INV F\n';
    const query = createBatchCsv.parse(terms);
    expect(await shownOf(uuidOf(made(await receiveCsv(world.as(world.preparer), query, spooled(file))).id))).toEqual([renamed]);
    must(await edit('typed', { payee_type: 'company', reason: 'A firm.' }));
    expect(await shownOf(await known('typed'))).toEqual([{ name: null, payee_type: { from: 'individual', to: 'company' }, country: null }]);
    must(await edit('moved', { country: 'FR', reason: 'Moved.' }));
    expect(await shownOf(await known('moved'))).toEqual([{ name: null, payee_type: null, country: { from: 'DE', to: 'FR' } }]);
    expect(await shownOf(await batchOf({ ...ada('account'), account_token: 'acct_new' }))).toEqual([]);
    must(await edit('back', { name: 'Ada King', reason: 'Married.' }));
    must(await edit('back', { name: 'Ada Lovelace', reason: 'Divorced.' }));
    expect(await shownOf(await known('back'))).toEqual([]);
  });

  test('names who changed the name, also when somebody else changed the account after that', async () => {
    await paid(ada('twice'));
    const renamer = await world.person('admin');
    must(await edit('twice', { name: 'Bea Quist', reason: 'They sold the channel.' }, renamer));
    await batchOf({ reference: 'twice', account_token: 'acct_twice_2' });
    const [shown] = (await factsOf(await known('twice'))).changed_payees.shown;
    expect(shown?.changed_by?.person_id).toBe(toWireId('person', renamer.id));
  });
});

describe('who changed a payee in the last 24 hours', () => {
  test('opens neither approve nor authorize of a batch that pays the version, or a later one of somebody else', async () => {
    await paid(ada('watched'));
    const changer = await world.person('admin');
    const before = await known('watched');
    must(await edit('watched', { name: 'Bea Quist', reason: 'They sold the channel.' }, changer));
    const own = await known('watched');
    const later = await batchOf({ reference: 'watched', account_token: 'acct_watched_2' });
    for (const batchId of [own, later]) {
      expect(await changedLately(changer, batchId)).toEqual([{ changed: true }]);
      expect(await ask(changer, batchId, 'approve')).toBe('preparer_cannot_open');
      await world.openUpTo('approve', batchId);
      expect(await ask(changer, batchId, 'authorize')).toBe('preparer_cannot_open');
    }
    expect(await changedLately(changer, before)).toEqual([{ changed: false }]);
    expect(await ask(changer, before, 'approve')).toBe('ok');
    await world.sql(`UPDATE payee_destination SET created_at = now() - interval '25 hours' WHERE created_by = $1`, [changer.id]);
    expect(await changedLately(changer, later)).toEqual([{ changed: false }]);
    expect(await ask(changer, later, 'authorize')).toBe('ok');
  });
});
