import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as contracts from '../../contracts/exceptions.js';
import { listPeople as listPeopleContract, person as personContract } from '../../contracts/people.js';
import { toItemId, toWireId } from '../../domain/ids.js';
import type { Context } from '../../operations/context.js';
import { assignException } from '../../operations/exception/assign.js';
import { commentOnException } from '../../operations/exception/comment.js';
import { listExceptions } from '../../operations/exception/list.js';
import { listExceptionItems } from '../../operations/exception/list-items.js';
import { showException } from '../../operations/exception/show.js';
import { listPayoutBatches } from '../../operations/payout-batch/list.js';
import { showPayoutBatch } from '../../operations/payout-batch/show.js';
import { listPeople } from '../../operations/person/list.js';
import { askProposalChallenge } from '../../operations/proposal/ask.js';
import { listProposalItems } from '../../operations/proposal/list-items.js';
import { recordStores } from '../world/api.js';
import { doubtOf } from '../world/doubt.js';
import { openPayingWorld, type PayingWorld } from '../world/paying.js';
import type { Person } from '../world/people.js';
import { must, refusalOf, uuidOf } from '../world/wire.js';

/** People, payees and batches are shown by what people know them by, beside their ids. */

let world: PayingWorld;
let doubt: ReturnType<typeof doubtOf>;
beforeAll(async () => {
  world = await openPayingWorld();
  doubt = doubtOf(world);
}, 120_000);
afterAll(() => world?.close());

const shownAs = ({ id, role }: Person) => ({ person_id: toWireId('person', id), name: `The ${role}`, roles: [role], api_key: null });

/** The context with a record of each call of a store's method. */
const counting = (ctx: Context) => {
  const calls: string[] = [];
  const counted: Context = { ...ctx, inTenant: (work, options) => ctx.inTenant((stores) => work(recordStores(stores, calls)), options) };
  return { counted, calls };
};

describe('what a second person confirms', () => {
  test('is shown with the batch’s own name, who proposed it, its payees and what the choice does to the money', async () => {
    const { batchId, exceptionId } = await doubt.doubtful(3, { external_id: 'june-2026' });
    const [first, second] = [await world.person('executor'), await world.person('authorizer')];
    const input = { exception_id: exceptionId, choice: 'provider_paid', items: doubt.withReferences(batchId, [0, 2]) } as const;
    const proposal = must(await doubt.propose(first, { ...input, items: [...input.items] }));
    expect(proposal.proposer).toEqual(shownAs(first));
    const challenge = must(await askProposalChallenge(world.as(second), { proposal_id: uuidOf(proposal.id) }));
    expect(contracts.proposalChallenge.parse(challenge)).toEqual(challenge);
    const shown = (ordinal: number) => ({
      ...{ item_id: toItemId(batchId, ordinal), ordinal, payee_reference: `acct-${ordinal}`, payee_name: `Payee ${ordinal}` },
      ...{ amount: 100 + ordinal, provider_reference: `pay_${ordinal}` },
    });
    expect(challenge.summary).toEqual({
      ...{ kind: 'unknown_key_expired', choice: 'provider_paid', reason: 'the provider told us so' },
      effect: '2 items are booked as paid: 2.02 EUR leave the hold.',
      ...{ proposed_by: toWireId('person', first.id), proposer: shownAs(first) },
      ...{ batch_id: toWireId('batch', batchId), batch_external_id: 'june-2026' },
      ...{ item_count: 2, total: 202, currency: 'EUR', largest: [shown(2), shown(0)] },
    });
  });

  test('costs no more statements with ten items than with one', async () => {
    const callsFor = async (count: number): Promise<string[]> => {
      const { exceptionId } = await doubt.doubtful(count);
      const proposed = must(await doubt.propose(await world.person('executor'), { exception_id: exceptionId, choice: 'provider_never_got' }));
      const { counted, calls } = counting(doubt.aged(world.as(await world.person('authorizer'))));
      const { summary } = must(await askProposalChallenge(counted, { proposal_id: uuidOf(proposed.id) }));
      expect(summary.largest).toHaveLength(count);
      return calls;
    };
    expect(await callsFor(10)).toEqual(await callsFor(1));
  });
});

describe('an exception', () => {
  test('names its owner, who proposed, who confirmed and who commented, a key too; and what each choice would do', async () => {
    const { batchId, exceptionId } = await doubt.doubtful(2, { external_id: 'named' });
    const [owner, second] = [await world.person('executor'), await world.person('authorizer')];
    const assigned = must(await assignException(world.as(owner), { exception_id: exceptionId, owner_id: owner.id }));
    expect(assigned.owner).toEqual(shownAs(owner));
    const proposal = must(
      await doubt.propose(owner, { exception_id: exceptionId, choice: 'provider_paid', items: doubt.withReferences(batchId, [0]) }),
    );
    expect(must(await doubt.confirm(second, uuidOf(proposal.id)))).toMatchObject({ proposer: shownAs(owner), confirmer: shownAs(second) });
    const keyId = world.services.entropy.newId();
    const key = { id: keyId, name: 'ticket bot', prefix: 'sk', scopes: [], ownerPersonId: owner.id, allowedNetworks: [], expiresAt: null };
    await world.as(owner).inTenant((stores) => stores.apiKeys.insert({ ...key, tokenHash: Buffer.from(keyId) }));
    const byKey = world.as({ type: 'api_key', keyId, ownerPersonId: owner.id, scopes: ['exceptions.handle'] });
    const author = { ...shownAs(owner), api_key: { id: toWireId('apiKey', keyId), name: 'ticket bot' } };
    expect(must(await commentOnException(byKey, { exception_id: exceptionId, body: 'ticket 4711' })).author).toEqual(author);

    const shown = must(await showException(world.as(second), { exception_id: exceptionId }));
    expect(contracts.fullException.parse(shown)).toEqual(shown);
    expect(shown).toMatchObject({
      ...{ batch_external_id: 'named', owner_id: toWireId('person', owner.id), owner: shownAs(owner) },
      proposals: [{ proposed_by: toWireId('person', owner.id), proposer: shownAs(owner), confirmer: shownAs(second) }],
      comments: [{ person_id: toWireId('person', owner.id), author }],
    });
    expect(shown.choices[1]).toEqual({
      ...{ choice: 'provider_never_got', people: 2 },
      effect: '2 items are failed: 2.01 EUR leave the hold and go back to the funding account.',
    });
    const [listed] = must(await listExceptions(world.as(second), contracts.listExceptions.parse({ batch_id: toWireId('batch', batchId) }))).data;
    expect(listed).toMatchObject({ batch_external_id: 'named', owner: shownAs(owner) });
  });

  test('and a proposal list their items with the payees’ references, in pages', async () => {
    const { batchId, exceptionId } = await doubt.doubtful(3);
    const who = await world.person('executor');
    const items = must(await listExceptionItems(world.as(who), { exception_id: exceptionId, limit: 2 }));
    expect(items.data.map(({ ordinal, payee_reference }) => [ordinal, payee_reference])).toEqual([
      [0, 'acct-0'],
      [1, 'acct-1'],
    ]);
    const proposal = must(
      await doubt.propose(who, { exception_id: exceptionId, choice: 'provider_paid', items: doubt.withReferences(batchId, [0, 2]) }),
    );
    const page = (more: object = {}) => listProposalItems(world.as(who), { proposal_id: uuidOf(proposal.id), limit: 1, ...more });
    const first = must(await page());
    const next = must(await page({ starting_after: first.next_cursor ?? '' }));
    expect([...first.data, ...next.data].map((one) => [one.ordinal, one.payee_reference, one.provider_reference])).toEqual([
      [0, 'acct-0', 'pay_0'],
      [2, 'acct-2', 'pay_2'],
    ]);
    expect([first.has_more, next.has_more]).toEqual([true, false]);
  });
});

test('a batch names who opened each gate', async () => {
  const batchId = await world.queued(['acct']);
  const [approver, authorizer] = await world.openUpTo('authorize', batchId);
  if (!approver || !authorizer) throw new Error('nobody opened the gates');
  const shown = must(await showPayoutBatch(world.api(), { batch_id: batchId }));
  expect(shown.gates.map(({ gate, opened_by }) => [gate, opened_by])).toEqual([
    ['approve', shownAs(approver)],
    ['authorize', shownAs(authorizer)],
  ]);
  expect(must(await listPayoutBatches(world.api(), { limit: 1 })).data).toEqual([shown]);
});

describe('the people of a workspace', () => {
  const list = async (ctx: Context, query: object = {}) => must(await listPeople(ctx, listPeopleContract.parse(query))).data;

  test('are listed in pages without gap or repeat, with role, and whether they are active', async () => {
    const there = await world.workspace();
    const ctx = world.as(await world.person('auditor', [there.tenantId]), there);
    const left = await world.person('approver', [there.tenantId]);
    await world.sql('UPDATE membership SET disabled_at = now() WHERE person_id = $1', [left.id], there.tenantId);
    const gone = await world.person('executor', [there.tenantId]);
    await world.sql('UPDATE person SET disabled_at = now() WHERE id = $1', [gone.id]);
    const all = await list(ctx);
    for (const one of all) expect(personContract.parse(one)).toEqual(one);
    expect(all.map(({ name, active }) => [name, active])).toEqual([
      ['The executor', false],
      ['The approver', false],
      ['The auditor', true],
    ]);
    const first = await list(ctx, { limit: 2 });
    expect([...first, ...(await list(ctx, { limit: 2, starting_after: first[1]?.id }))]).toEqual(all);
    expect(refusalOf(await listPeople(ctx, listPeopleContract.parse({ starting_after: `batch_${'1'.repeat(32)}` }))).errors).toEqual([
      'starting_after id_form',
    ]);
  });

  test('are found by e-mail address in any letters, and those of another workspace by none', async () => {
    const there = await world.workspace();
    const [own, foreign] = [await world.person('approver'), await world.person('approver', [there.tenantId])];
    expect((await list(world.as(own), { email: own.email.toUpperCase() })).map(({ id }) => uuidOf(id))).toEqual([own.id]);
    expect(await list(world.as(own), { email: foreign.email })).toEqual([]);
    expect((await list(world.as(foreign, { tenantId: there.tenantId }))).map(({ id }) => uuidOf(id))).toEqual([foreign.id]);
  });
});
