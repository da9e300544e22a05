import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { commitmentTo } from '../../domain/batch/content.js';
import { canonicalSentTo, type SentTo } from '../../domain/destination.js';
import { toHex } from '../../domain/hashing.js';
import { fromWireId } from '../../domain/ids.js';
import { addDestination } from '../../operations/payee/add-destination.js';
import { createPayee } from '../../operations/payee/create.js';
import { listPayees } from '../../operations/payee/list.js';
import { showPayee } from '../../operations/payee/show.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';

const IBAN = 'DE89370400440532013000';
const OTHER_IBAN = 'NL91ABNA0417164300';

let world: World;
let preparer: Person;
let count = 0;
beforeAll(async () => {
  world = await openWorld();
  preparer = await world.person('preparer', [world.home.tenantId]);
});
afterAll(() => world?.close());

const ctx = () => world.as(preparer);
const input = (more: { reference?: string; iban?: string; name?: string } = {}) => {
  count += 1;
  return { reference: `creator-${count}`, name: 'Ada Lovelace', payee_type: 'individual' as const, country: 'DE', iban: IBAN, ...more };
};
const make = async (more = {}) => {
  const answer = await createPayee(ctx(), input(more));
  if (!answer.ok) throw new Error(JSON.stringify(answer.refusal));
  return { ...answer.value, uuid: fromWireId('payee', answer.value.id) ?? '' };
};
const destinationsOf = (payeeId: string) => world.destinationsOf(payeeId);

describe('a payee', () => {
  test('is shown with its name and its destination masked', async () => {
    const { uuid, ...payee } = await make();
    expect(payee).toMatchObject({
      name: 'Ada Lovelace',
      country: 'DE',
      held: false,
      destination: { version: 1, kind: 'iban', masked: 'IBAN DE …3000' },
    });
    expect(await showPayee(ctx(), { payee_id: uuid })).toEqual({ ok: true, value: payee });
    expect(await listPayees(ctx(), { limit: 50, reference: payee.reference })).toMatchObject({ ok: true, value: { data: [payee], has_more: false } });
  });

  test('is encrypted at rest: no column of any table, and no audit event, holds name or account [S5-05]', async () => {
    await make({ name: 'Zebedee Unusual', iban: OTHER_IBAN });
    const rows = await world.everyRow(world.home.tenantId);
    const hex = (text: string) => Buffer.from(text).toString('hex');
    for (const secret of ['Zebedee Unusual', 'Unusual', OTHER_IBAN, '0417164300']) {
      expect(rows).not.toContain(secret);
      expect(rows).not.toContain(hex(secret));
    }
  });

  test('commits to name and destination under a salt of its own, which nobody can tell apart from another', async () => {
    const [one, same] = [await make({ name: 'Same' }), await make({ name: 'Same' })];
    const [[first], [second]] = [await destinationsOf(one.uuid), await destinationsOf(same.uuid)];
    if (!first || !second) throw new Error('no destinations');
    expect(toHex(first.fingerprint)).toBe(toHex(second.fingerprint));
    expect(toHex(first.commitment)).not.toBe(toHex(second.commitment));
    const opened = await ctx().inTenant(async (stores) => {
      const { vault } = world.services;
      const keys = await vault.subjectKeys(stores.keys, world.home.tenantId, await stores.keys.subjectKeys([one.uuid]));
      const place = { tenantId: world.home.tenantId, purpose: 'payee', record: first.id, field: 'destination' } as const;
      return JSON.parse(Buffer.from(vault.openWith(keys.get(one.uuid) ?? new Uint8Array(), place, first.sealed)).toString()) as {
        salt: string;
        sent_to: SentTo;
      };
    });
    expect(opened.sent_to).toEqual({ name: 'Same', payeeType: 'individual', country: 'DE', destination: { kind: 'iban', iban: IBAN, bic: null } });
    expect(opened.salt).toHaveLength(32);
    const commitment = commitmentTo(world.services.sha256, Buffer.from(opened.salt, 'hex'), canonicalSentTo(opened.sent_to));
    expect(toHex(first.commitment)).toBe(toHex(commitment));
  });

  test('has a reference of its own; of 16 who take it at once exactly one gets it, and nothing is left of the others', async () => {
    const wanted = input();
    const answers = await Promise.all(Array.from({ length: 16 }, (_, i) => createPayee(ctx(), { ...wanted, name: `Person ${i}` })));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    for (const answer of answers)
      if (!answer.ok) expect(answer.refusal).toMatchObject({ code: 'invalid_request', errors: [{ field: 'reference', reason: 'reference_taken' }] });
    const list = await listPayees(ctx(), { limit: 50, reference: wanted.reference });
    if (!list.ok) throw new Error('no list');
    expect(list.value.data).toHaveLength(1);
    expect(await destinationsOf(fromWireId('payee', list.value.data[0]?.id ?? '') ?? '')).toHaveLength(1);
  });

  test.each([
    [{ iban: 'DE89370400440532013001' }, 'iban'],
    [{ account_token: 'acct_1' }, 'account_token'],
    [{ iban: undefined }, 'destination'],
    [{ iban: undefined, routing_number: '123456789', account_number: '1234' }, 'routing_number'],
  ])('is not made of %j', async (more, field) => {
    const wrong = { ...input(), ...more } as ReturnType<typeof input>;
    expect(await createPayee(ctx(), wrong)).toMatchObject({ ok: false, refusal: { code: 'invalid_request', errors: [{ field }] } });
    expect(await listPayees(ctx(), { limit: 50, reference: wrong.reference })).toMatchObject({ ok: true, value: { data: [] } });
  });

  test('of another workspace looks absent', async () => {
    const { uuid, reference } = await make();
    const foreign = await world.workspace();
    const elsewhere = world.as(await world.person('admin', [foreign.tenantId]), foreign);
    const absent = world.services.entropy.newId();
    expect(await showPayee(elsewhere, { payee_id: uuid })).toEqual(await showPayee(elsewhere, { payee_id: absent }));
    expect(await addDestination(elsewhere, { payee_id: uuid, iban: OTHER_IBAN })).toEqual(
      await addDestination(elsewhere, { payee_id: absent, iban: OTHER_IBAN }),
    );
    expect(await listPayees(elsewhere, { limit: 50, reference })).toMatchObject({ ok: true, value: { data: [] } });
    expect(await destinationsOf(uuid)).toHaveLength(1);
  });

  test('once its key is deleted, has no name any more and cannot be given a destination', async () => {
    const { uuid } = await make();
    await world.sql('UPDATE subject_key SET wrapped = NULL, deleted_at = now() WHERE subject_id = $1', [uuid]);
    expect(await showPayee(ctx(), { payee_id: uuid })).toMatchObject({ ok: true, value: { name: null } });
    expect(await addDestination(ctx(), { payee_id: uuid, iban: OTHER_IBAN })).toMatchObject({
      ok: false,
      refusal: { errors: [{ reason: 'payee_deleted' }] },
    });
  });
});

describe('a new destination', () => {
  test('is a further version; the one before stays as it was', async () => {
    const { uuid } = await make();
    const [before] = await destinationsOf(uuid);
    expect(await addDestination(ctx(), { payee_id: uuid, account_token: 'acct_12345' })).toMatchObject({
      ok: true,
      value: { name: 'Ada Lovelace', destination: { version: 2, kind: 'account_token', masked: 'Account …2345' } },
    });
    expect(await addDestination(ctx(), { payee_id: uuid, iban: IBAN, name: 'Ada King' })).toMatchObject({
      ok: true,
      value: { name: 'Ada King', destination: { version: 3 } },
    });
    const after = await destinationsOf(uuid);
    expect(after.map(({ version }) => version)).toEqual([1, 2, 3]);
    expect(after[0]).toEqual(before);
    expect(after.every(({ createdBy }) => createdBy === preparer.id)).toBe(true);
  });

  test('that is the newest already adds nothing; of 16 equal ones at once one is added', async () => {
    const { uuid } = await make();
    await addDestination(ctx(), { payee_id: uuid, iban: IBAN });
    expect(await destinationsOf(uuid)).toHaveLength(1);
    const answers = await Promise.all(Array.from({ length: 16 }, () => addDestination(ctx(), { payee_id: uuid, iban: OTHER_IBAN })));
    expect(answers.every(({ ok }) => ok)).toBe(true);
    expect(await destinationsOf(uuid)).toHaveLength(2);
  });

  test('needs a destination', async () => {
    const { uuid } = await make();
    expect(await addDestination(ctx(), { payee_id: uuid, name: 'Ada King' })).toMatchObject({ ok: false, refusal: { code: 'invalid_request' } });
    expect((await world.audited('payee.add_destination')).at(-1)).toMatchObject({
      result: 'invalid_request',
      subject_id: uuid,
    });
  });
});
