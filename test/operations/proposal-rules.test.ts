import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ExceptionKind } from '../../domain/exceptions.js';
import type { Context } from '../../operations/context.js';
import { commentOnException } from '../../operations/exception/comment.js';
import { raiseException } from '../../operations/exception/raise.js';
import { showException } from '../../operations/exception/show.js';
import { applyProposals } from '../../operations/proposal/apply.js';
import { askProposalChallenge } from '../../operations/proposal/ask.js';
import { confirmProposal } from '../../operations/proposal/confirm.js';
import { proposeResolution } from '../../operations/proposal/propose.js';
import { withdrawProposal } from '../../operations/proposal/withdraw.js';
import { doubtOf } from '../world/doubt.js';
import { passkeyOf } from '../world/passkeys.js';
import { openPayingWorld, type PayingWorld } from '../world/paying.js';
import { codeOf, must, refusalOf, uuidOf } from '../world/wire.js';

let world: PayingWorld;
let doubt: ReturnType<typeof doubtOf>;
beforeAll(async () => {
  world = await openPayingWorld();
  // Chunks of 128, so that a batch of 130 has two.
  await world.connect({ endpoint: 'single' });
  doubt = doubtOf(world);
}, 120_000);
afterAll(() => world?.close());

describe('who may end doubt', () => {
  test('who proposed does not confirm', async () => {
    const { exceptionId } = await doubt.doubtful(1);
    const admin = await world.person('admin');
    const made = must(await doubt.propose(admin, { exception_id: exceptionId, choice: 'provider_never_got' }));
    expect(codeOf(await doubt.confirm(admin, uuidOf(made.id)))).toBe('proposal_same_person');
    expect(await doubt.proposal(uuidOf(made.id))).toMatchObject({ state: 'proposed' });
  });

  test('who prepared the batch neither proposes nor confirms', async () => {
    const { batchId, exceptionId } = await doubt.doubtful(1);
    const admin = await world.person('admin');
    await world.as(admin).inTenant((stores) => stores.batches.addPreparer(batchId, admin.id, 'edit'));
    expect(codeOf(await doubt.propose(admin, { exception_id: exceptionId, choice: 'provider_never_got' }))).toBe('preparer_cannot_settle');
    const made = must(await doubt.propose(await world.person('executor'), { exception_id: exceptionId, choice: 'provider_never_got' }));
    expect(codeOf(await doubt.confirm(admin, uuidOf(made.id)))).toBe('preparer_cannot_settle');
  });

  test('an executor proposes and does not confirm; a key and a preparer do neither', async () => {
    const { exceptionId } = await doubt.doubtful(1);
    const made = must(await doubt.propose(await world.person('executor'), { exception_id: exceptionId, choice: 'provider_never_got' }));
    expect(codeOf(await doubt.confirm(await world.person('executor'), uuidOf(made.id)))).toBe('forbidden');
    expect(codeOf(await doubt.propose(await world.person('preparer'), { exception_id: exceptionId, choice: 'provider_never_got' }))).toBe(
      'forbidden',
    );
    const owner = await world.person('admin');
    const key = world.as({ type: 'api_key', keyId: owner.id, ownerPersonId: owner.id, scopes: ['exceptions.propose'] });
    const asked = { exception_id: exceptionId, choice: 'provider_never_got', reason: 'r' } as const;
    expect(codeOf(await proposeResolution(doubt.aged(key), asked))).toBe('proposal_needs_person');
  });

  test('a confirmation needs a right code, and a challenge of its own that is used once', async () => {
    const { exceptionId } = await doubt.doubtful(1);
    const proposalId = uuidOf(
      must(await doubt.propose(await world.person('executor'), { exception_id: exceptionId, choice: 'provider_never_got' })).id,
    );
    const [second, third] = [await world.person('authorizer'), await world.person('approver')];
    expect(codeOf(await doubt.confirm(second, proposalId, await world.wrongCode(second)))).toBe('code_wrong');
    const challenge = must(await askProposalChallenge(doubt.aged(world.as(second)), { proposal_id: proposalId }));
    const given = { proposal_id: proposalId, challenge_id: uuidOf(challenge.id) };
    expect(codeOf(await confirmProposal(doubt.aged(world.as(third)), { ...given, code: await world.code(third) }))).toBe('challenge_unknown');
    await world.sql(`UPDATE proposal_challenge SET expires_at = now() - interval '1 second' WHERE id = $1`, [uuidOf(challenge.id)]);
    expect(codeOf(await confirmProposal(doubt.aged(world.as(second)), { ...given, code: await world.code(second) }))).toBe('challenge_expired');
    must(await doubt.confirm(second, proposalId));
    const used = await world.sql<{ id: string }>('SELECT id FROM proposal_challenge WHERE proposal_id = $1 AND used_at IS NOT NULL', [proposalId]);
    const again = { proposal_id: proposalId, challenge_id: used[0]?.id ?? '', code: await world.code(second) };
    expect(codeOf(await confirmProposal(doubt.aged(world.as(second)), again))).toBe('challenge_used');
    await doubt.carryOut();
  });

  test('somebody with only passkeys gets no challenge that they could not answer, and hears why', async () => {
    const { exceptionId } = await doubt.doubtful(1);
    const made = must(await doubt.propose(await world.person('executor'), { exception_id: exceptionId, choice: 'provider_never_got' }));
    const second = await world.withoutFactor('authorizer');
    await passkeyOf(world, second, { byPassword: true });
    const asked = await askProposalChallenge(doubt.aged(world.as(second)), { proposal_id: uuidOf(made.id) });
    expect(asked).toMatchObject({ ok: false, refusal: { code: 'factor_missing', detail: expect.stringContaining('None of your second factors') } });
    expect(await world.sql('SELECT 1 FROM proposal_challenge WHERE person_id = $1', [second.id])).toEqual([]);
  });

  test('a code that opened a gate in the same time step confirms nothing', async () => {
    const { exceptionId } = await doubt.doubtful(1);
    const proposalId = uuidOf(
      must(await doubt.propose(await world.person('executor'), { exception_id: exceptionId, choice: 'provider_never_got' })).id,
    );
    const second = await world.person('authorizer');
    const code = await world.code(second);
    const step = Math.floor(Date.now() / 30_000) + 1;
    await world.sql('UPDATE factor SET last_step = $2 WHERE id = $1', [second.factorId, step]);
    expect(codeOf(await doubt.confirm(second, proposalId, code))).toBe('otp_step_used');
  });

  test('a person who lost the role meanwhile stands behind nothing', async () => {
    const { batchId, exceptionId } = await doubt.doubtful(1);
    const proposalId = uuidOf(
      must(await doubt.propose(await world.person('executor'), { exception_id: exceptionId, choice: 'provider_never_got' })).id,
    );
    const second = await world.person('authorizer');
    must(await doubt.confirm(second, proposalId));
    await world.sql('UPDATE membership SET disabled_at = now() WHERE person_id = $1', [second.id]);
    await doubt.carryOut();
    expect(await doubt.proposal(proposalId)).toMatchObject({ state: 'refused', problem: 'forbidden' });
    expect(await world.counter(batchId)).toMatchObject({ open: 1, unknown: 1 });
  });
});

describe('roles that SQL wrote', () => {
  test.each([
    ['who proposed', 0],
    ['who confirmed', 1],
  ])('of %s settle nothing', async (_who, place) => {
    const { batchId, exceptionId } = await doubt.doubtful(1);
    const people = [await world.person('executor'), await world.person('authorizer')] as const;
    const proposalId = uuidOf(must(await doubt.propose(people[0], { exception_id: exceptionId, choice: 'provider_never_got' })).id);
    must(await doubt.confirm(people[1], proposalId));
    await world.sql(`UPDATE membership SET roles = roles || '{admin}' WHERE person_id = $1`, [people[place]?.id]);
    await doubt.carryOut();
    expect(await doubt.proposal(proposalId)).toMatchObject({ state: 'refused', problem: 'forbidden' });
    expect(await world.counter(batchId)).toMatchObject({ open: 1, unknown: 1 });
  });
});

describe('what is confirmed is what was shown', () => {
  test.each([
    ['before the code', 'proposal_changed'],
    ['before the worker', 'proposal_changed'],
  ])('a proposal that is changed in the database %s settles nothing', async (when, code) => {
    const { batchId, exceptionId } = await doubt.doubtful(2);
    const made = must(
      await doubt.propose(await world.person('executor'), {
        exception_id: exceptionId,
        choice: 'provider_paid',
        items: doubt.withReferences(batchId, [0]),
      }),
    );
    const proposalId = uuidOf(made.id);
    const second = await world.person('authorizer');
    const challenge = must(await askProposalChallenge(doubt.aged(world.as(second)), { proposal_id: proposalId }));
    const sign = async () =>
      confirmProposal(doubt.aged(world.as(second)), {
        proposal_id: proposalId,
        challenge_id: uuidOf(challenge.id),
        code: await world.code(second),
      });
    const change = () =>
      world.sql(
        `INSERT INTO proposal_item (tenant_id, proposal_id, batch_id, ordinal, amount, provider_reference)
         SELECT tenant_id, proposal_id, batch_id, 1, amount, 'pay_1' FROM proposal_item WHERE proposal_id = $1`,
        [proposalId],
      );
    if (when === 'before the code') {
      await change();
      expect(['challenge_stale', code]).toContain(codeOf(await sign()));
    } else {
      must(await sign());
      await change();
      await doubt.carryOut();
      expect(await doubt.proposal(proposalId)).toMatchObject({ state: 'refused', problem: code });
    }
    expect(await world.counter(batchId)).toMatchObject({ open: 2, unknown: 2, paid: 0 });
  });
});

test('a confirmation that somebody wrote into the database carries nothing out: it has no authenticator of the installation', async () => {
  const { batchId, exceptionId } = await doubt.doubtful(1);
  const made = must(await doubt.propose(await world.person('executor'), { exception_id: exceptionId, choice: 'provider_never_got' }));
  must(await doubt.confirm(await world.person('authorizer'), uuidOf(made.id)));
  await world.sql('ALTER TABLE proposal_confirmation DISABLE TRIGGER proposal_confirmation_append_only');
  await world.sql(`UPDATE proposal_confirmation SET authenticator = sha256('guessed') WHERE proposal_id = $1`, [uuidOf(made.id)]);
  await world.sql('ALTER TABLE proposal_confirmation ENABLE TRIGGER proposal_confirmation_append_only');
  await doubt.carryOut();
  expect(await doubt.proposal(uuidOf(made.id))).toMatchObject({ state: 'refused', problem: 'proposal_not_authentic' });
  expect(await world.counter(batchId)).toMatchObject({ open: 1, unknown: 1 });
});

describe('when people may say that the provider never got it', () => {
  test('not while the key lives or the window is open, by the database’s clock; a proposal too early is refused', async () => {
    const { exceptionId } = await doubt.doubtful(1);
    const input = { exception_id: exceptionId, choice: 'provider_never_got', reason: 'gone' } as const;
    const who = await world.person('executor');
    expect(codeOf(await proposeResolution(world.as(who), input))).toBe('too_early');
    expect(codeOf(await proposeResolution(doubt.aged(world.as(who), 29), input))).toBe('too_early');
    const shown = must(await showException(world.as(who), { exception_id: exceptionId }));
    expect(shown.known).toMatchObject({
      states: [{ state: 'unknown', reason: 'attempt_died', count: 1 }],
      rail: { name: 'sandbox', key_lives_seconds: 2_592_000 },
    });
    expect(Date.parse(shown.known.may_fail_from ?? '') - Date.parse(shown.known.first_sent_at ?? '')).toBe(2_592_000_000);
    const proposalId = uuidOf(must(await proposeResolution(doubt.aged(world.as(who), 31), input)).id);
    const second = await world.person('authorizer');
    expect(codeOf(await askProposalChallenge(world.as(second), { proposal_id: proposalId }))).toBe('too_early');
  });

  test('a proposal that was in time is checked once more when it is carried out', async () => {
    const { batchId, exceptionId } = await doubt.doubtful(1);
    const proposalId = uuidOf(
      must(await doubt.propose(await world.person('executor'), { exception_id: exceptionId, choice: 'provider_never_got' })).id,
    );
    must(await doubt.confirm(await world.person('authorizer'), proposalId));
    // The worker sees the dispatch as young: as if the items had been sent again meanwhile.
    await applyProposals(world.worker());
    expect(await doubt.proposal(proposalId)).toMatchObject({ state: 'refused', problem: 'too_early' });
    expect(await world.counter(batchId)).toMatchObject({ open: 1, unknown: 1 });
  });
});

describe('what a proposal may be about', () => {
  test('only items that are open in the exception, each once, each with its reference, in one proposal at a time', async () => {
    const { batchId, exceptionId } = await doubt.doubtful(2);
    const who = await world.person('executor');
    const propose = (items: { id: { batchId: string; ordinal: number }; provider_reference?: string }[]) =>
      doubt.propose(who, { exception_id: exceptionId, choice: 'provider_paid', items });
    const [first, second] = doubt.withReferences(batchId, [0, 1]) as [
      { id: { batchId: string; ordinal: number }; provider_reference: string },
      never,
    ];
    expect(refusalOf(await propose([first, first])).errors).toEqual(['items.1.id repeated']);
    expect(refusalOf(await propose([{ id: first.id }])).errors).toEqual(['items.0.provider_reference required']);
    expect(refusalOf(await propose([{ id: { batchId: world.home.tenantId, ordinal: 0 }, provider_reference: 'x' }])).errors).toEqual([
      'items.0.id other_batch',
    ]);
    expect(codeOf(await propose([{ id: { batchId, ordinal: 7 }, provider_reference: 'x' }]))).toBe('items_not_open');
    const made = must(await propose([first]));
    const taken = await propose([first, second]);
    expect([codeOf(taken), taken.ok ? null : taken.refusal.extra]).toEqual(['items_proposed', { count: 1, ordinal: 0, proposal_id: made.id }]);
    must(await withdrawProposal(world.as(who), { proposal_id: uuidOf(made.id), reason: 'wrong reference' }));
    expect(codeOf(await doubt.confirm(await world.person('authorizer'), uuidOf(made.id)))).toBe('proposal_closed');
    must(await propose([first, second]));
  });

  test('one reference of the provider is given to one item, also by another proposal of the batch', async () => {
    const { batchId, exceptionId } = await doubt.doubtful(2);
    const who = await world.person('executor');
    const propose = (...items: [number, string][]) =>
      doubt.propose(who, {
        exception_id: exceptionId,
        choice: 'provider_paid',
        items: items.map(([ordinal, reference]) => ({ id: { batchId, ordinal }, provider_reference: reference })),
      });
    expect(refusalOf(await propose([0, 'pay_x'], [1, 'pay_x'])).errors).toEqual(['items.1.provider_reference repeated']);
    const made = must(await propose([0, 'pay_x']));
    expect(refusalOf(await propose([1, 'pay_x'])).errors).toEqual(['items.0.provider_reference repeated']);
    must(await withdrawProposal(world.as(who), { proposal_id: uuidOf(made.id), reason: 'it was the other one' }));
    must(await propose([1, 'pay_x']));
  });

  const paidAs = (exceptionId: string, batchId: string, ordinal: number, reference: string) => ({
    exception_id: exceptionId,
    choice: 'provider_paid' as const,
    items: [{ id: { batchId, ordinal }, provider_reference: reference }],
  });

  const raised = async (kind: ExceptionKind, batchId: string, ordinals: number[]): Promise<string> => {
    const worker = world.worker();
    return (await worker.inTenant((stores) => raiseException(worker, stores, { kind, batchId, ordinals }))).id;
  };

  test('a reference that the provider itself gave an item is no other item’s, and stays that item’s own', async () => {
    const { batchId, exceptionId } = await doubt.doubtful(3);
    const who = await world.person('executor');
    await doubt.said(batchId, 0, 'paid', 2, 'pay_said');
    await doubt.said(batchId, 2, 'submitted', 1, 'pay_own');
    const overdue = await raised('settlement_overdue', batchId, [2]);
    const refusal = refusalOf(await doubt.propose(who, paidAs(exceptionId, batchId, 1, 'pay_said')));
    expect(refusal.errors).toEqual(['items.0.provider_reference repeated']);
    must(await doubt.propose(who, paidAs(exceptionId, batchId, 1, 'pay_1')));
    must(await doubt.propose(who, paidAs(overdue, batchId, 2, 'pay_own')));
  });

  test('a reference that the provider gave another item meanwhile is not carried out', async () => {
    const { batchId, exceptionId } = await doubt.doubtful(2);
    const made = must(await doubt.propose(await world.person('executor'), paidAs(exceptionId, batchId, 1, 'pay_late')));
    must(await doubt.confirm(await world.person('authorizer'), uuidOf(made.id)));
    await doubt.said(batchId, 0, 'paid', 2, 'pay_late');
    await doubt.carryOut();
    expect(await doubt.proposal(uuidOf(made.id))).toMatchObject({ state: 'refused', problem: 'reference_given' });
    expect(await world.counter(batchId)).toMatchObject({ open: 1, unknown: 1, paid: 1 });
    await doubt.resolve(paidAs(exceptionId, batchId, 1, 'pay_1'));
    expect(await world.counter(batchId)).toMatchObject({ open: 0, paid: 2 });
  });

  test('of two proposals that were made at once with one reference, for two exceptions of a batch, one alone is carried out', async () => {
    const { batchId, exceptionId } = await doubt.doubtful(2);
    const other = await raised('unknown_connection_changed', batchId, [1]);
    const who = await world.person('executor');
    // Neither sees the other: both read before either is written.
    const unseeing = (ctx: Context): Context => ({
      ...ctx,
      inTenant: (work, options) =>
        ctx.inTenant((stores) => work({ ...stores, proposals: { ...stores.proposals, referencesGiven: async () => [] } }), options),
    });
    const ids: string[] = [];
    for (const input of [paidAs(exceptionId, batchId, 0, 'pay_once'), paidAs(other, batchId, 1, 'pay_once')])
      ids.push(uuidOf(must(await proposeResolution(unseeing(doubt.aged(world.as(who))), { reason: 'told', ...input })).id));
    for (const id of ids) must(await doubt.confirm(await world.person('authorizer'), id));
    await doubt.carryOut();
    const ended = await Promise.all(ids.map((id) => doubt.proposal(id)));
    expect(ended.map((one) => one?.state).sort()).toEqual(['applied', 'refused']);
    expect(await world.counter(batchId)).toMatchObject({ open: 1, unknown: 1, paid: 1 });
  });

  test('a choice that its kind does not have is refused, and a resolved exception takes no proposal', async () => {
    const { exceptionId } = await doubt.doubtful(1);
    const who = await world.person('executor');
    expect(codeOf(await doubt.propose(who, { exception_id: exceptionId, choice: 'made_good' }))).toBe('choice_not_allowed');
    await doubt.resolve({ exception_id: exceptionId, choice: 'provider_never_got' });
    expect(codeOf(await doubt.propose(who, { exception_id: exceptionId, choice: 'provider_never_got' }))).toBe('exception_resolved');
    must(await commentOnException(world.as(who), { exception_id: exceptionId, body: 'closed with ticket 4711' }));
    const shown = must(await showException(world.as(who), { exception_id: exceptionId }));
    expect(shown).toMatchObject({ state: 'resolved', comments: [{ body: 'closed with ticket 4711' }], proposals: [{ state: 'applied' }] });
  });
});
