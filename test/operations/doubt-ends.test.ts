import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { propose } from '../../contracts/exceptions.js';
import { tenantsToDrain } from '../../db/relay.js';
import { openDatabase } from '../../db/transaction/open.js';
import { toItemId } from '../../domain/ids.js';
import { tellOverdue } from '../../operations/chunk/end-doubt.js';
import { commentOnException } from '../../operations/exception/comment.js';
import { showException } from '../../operations/exception/show.js';
import { topUp } from '../../operations/ledger/top-up.js';
import { showPayoutBatch } from '../../operations/payout-batch/show.js';
import { applyProposals } from '../../operations/proposal/apply.js';
import { askProposalChallenge } from '../../operations/proposal/ask.js';
import { confirmProposal } from '../../operations/proposal/confirm.js';
import { proposeResolution } from '../../operations/proposal/propose.js';
import { withdrawProposal } from '../../operations/proposal/withdraw.js';
import { drainAll } from '../../relay/drain.js';
import { doubtOf } from '../world/doubt.js';
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

/** Broken invariants but for the provider's books: people say here what the provider never did. */
const brokenHere = async () => (await world.broken()).filter((line) => !line.startsWith('I1'));
const held = async (batchId: string) =>
  (await world.worker().inTenant((stores) => stores.holds.ofBatch(batchId))).reduce((sum, hold) => sum + hold.remaining, 0n);

describe('doubt ends with two people (R5)', () => {
  test('130 items of two chunks that the provider never got: the batch ends, the hold is 0 and the money is back', async () => {
    const before = await world.balance(world.home.funding);
    const { batchId, exceptionId } = await doubt.doubtful(130);
    expect(await doubt.exception(exceptionId)).toMatchObject({ itemCount: 130, openCount: 130 });
    const proposalId = await doubt.resolve({ exception_id: exceptionId, choice: 'provider_never_got' });
    expect(await doubt.proposal(proposalId)).toMatchObject({ state: 'applied', itemCount: 130, problem: null });
    expect(await world.counter(batchId)).toMatchObject({ open: 0, unknown: 0, failed: 130 });
    expect((await world.view(batchId))?.control.state).toBe('failed');
    expect(await held(batchId)).toBe(0n);
    expect(await world.balance(world.home.funding)).toBe(before);
    expect(await doubt.exception(exceptionId)).toMatchObject({ openCount: 0, openAmount: 0n, resolution: 'provider_never_got' });
    expect(await world.broken()).toEqual([]);
    expect(await world.results(batchId, 'exception.apply')).toEqual(['ok']);
  });

  test('what the provider paid, in part now and in part later, each with its reference', async () => {
    const { batchId, exceptionId } = await doubt.doubtful(3);
    await doubt.resolve({ exception_id: exceptionId, choice: 'provider_paid', items: doubt.withReferences(batchId, [0, 2]) });
    expect(await world.counter(batchId)).toMatchObject({ open: 1, paid: 2 });
    expect(await doubt.exception(exceptionId)).toMatchObject({ itemCount: 3, openCount: 1, resolvedAt: null });
    await doubt.resolve({ exception_id: exceptionId, choice: 'provider_never_got' });
    expect(await world.counter(batchId)).toMatchObject({ open: 0, paid: 2, failed: 1 });
    expect((await world.view(batchId))?.control).toMatchObject({ state: 'completed', outcome: 'partial' });
    expect(await held(batchId)).toBe(0n);
    const items = await world.worker().inTenant((stores) => stores.items.range(batchId, 0, 3));
    expect(items.map(({ state, providerReference, rank }) => [state, providerReference, rank])).toEqual([
      ['paid', 'pay_0', 0],
      ['failed', null, 0],
      ['paid', 'pay_2', 0],
    ]);
    const [blocks] = await world.sql<{ n: number }>(
      `SELECT sum(count)::int AS n FROM transition_block WHERE batch_id = $1 AND body::json ->> 1 = 'person'`,
      [batchId],
    );
    expect(blocks).toEqual({ n: 3 });
    expect(await brokenHere()).toEqual([]);
  });

  test('what the provider took in and never ended: two people say that it paid, and one item that it never will', async () => {
    const { batchId, exceptionId: unknown } = await doubt.doubtful(3);
    for (const ordinal of [0, 1, 2]) await doubt.said(batchId, ordinal, 'submitted', 1);
    expect(await doubt.exception(unknown)).toMatchObject({ resolution: 'by_evidence' });
    const worker = world.worker();
    await tellOverdue(worker, { batchId, ordinals: [0, 1, 2] });
    const [overdue] = await worker.inTenant((stores) => stores.exceptions.openOf(batchId));
    const exceptionId = overdue?.id ?? '';
    expect(await doubt.exception(exceptionId)).toMatchObject({ kind: 'settlement_overdue', openCount: 3 });
    await doubt.resolve({ exception_id: exceptionId, choice: 'provider_paid', items: doubt.withReferences(batchId, [0, 1]) });
    await doubt.resolve({ exception_id: exceptionId, choice: 'provider_never_got' });
    expect(await world.counter(batchId)).toMatchObject({ open: 0, submitted: 0, paid: 2, failed: 1 });
    expect(await doubt.exception(exceptionId)).toMatchObject({ openCount: 0 });
    expect(await held(batchId)).toBe(0n);
    expect(await brokenHere()).toEqual([]);
  });

  test('the worker finds by itself what people have confirmed, in every workspace that has some', async () => {
    const { batchId, exceptionId } = await doubt.doubtful(1);
    const proposalId = uuidOf(
      must(await doubt.propose(await world.person('executor'), { exception_id: exceptionId, choice: 'provider_never_got' })).id,
    );
    const database = openDatabase(world.database.urls.worker, 2);
    const drain = () =>
      drainAll(
        () => tenantsToDrain(database),
        async () => doubt.aged(world.worker()),
      );
    try {
      await drain();
      expect(await doubt.proposal(proposalId)).toMatchObject({ state: 'proposed' });
      must(await doubt.confirm(await world.person('authorizer'), proposalId));
      expect(await drain()).toBeGreaterThan(0);
    } finally {
      await database.close();
    }
    expect(await doubt.proposal(proposalId)).toMatchObject({ state: 'applied' });
    expect((await world.view(batchId))?.control.state).toBe('failed');
  });

  test('10,000 items of one exception are one proposal', async () => {
    const count = 10_000;
    must(await topUp(world.as(await world.person('admin')), { account_id: world.home.funding, amount: 2_000_000 }));
    const { batchId, exceptionId } = await doubt.doubtful(count);
    const items = doubt.withReferences(
      batchId,
      Array.from({ length: count }, (_, ordinal) => ordinal),
    );
    await doubt.resolve({ exception_id: exceptionId, choice: 'provider_paid', items });
    expect(await world.counter(batchId)).toMatchObject({ open: 0, paid: count });
    expect((await world.view(batchId))?.control).toMatchObject({ state: 'completed', outcome: 'full' });
    expect(await doubt.exception(exceptionId)).toMatchObject({ itemCount: count, openCount: 0 });
    expect(
      propose.safeParse({ choice: 'provider_paid', reason: 'r', items: Array.from({ length: count + 1 }, () => ({ id: toItemId(batchId, 0) })) })
        .success,
    ).toBe(false);
  });

  test('evidence that comes between the proposal and the worker wins, and nothing is settled twice', async () => {
    const { batchId, exceptionId } = await doubt.doubtful(2);
    const proposalId = uuidOf(
      must(await doubt.propose(await world.person('executor'), { exception_id: exceptionId, choice: 'provider_never_got' })).id,
    );
    must(await doubt.confirm(await world.person('approver'), proposalId));
    await doubt.said(batchId, 0, 'submitted', 1);
    await doubt.carryOut();
    expect(await world.counter(batchId)).toMatchObject({ open: 1, submitted: 1, failed: 1 });
    expect(await doubt.exception(exceptionId)).toMatchObject({ openCount: 0 });
    await doubt.said(batchId, 0, 'paid', 2);
    expect(await world.counter(batchId)).toMatchObject({ open: 0, paid: 1, failed: 1 });
    expect(await brokenHere()).toEqual([]);
  });

  test('one person is enough to go on asking, and it ends nothing', async () => {
    const { batchId, exceptionId } = await doubt.doubtful(1);
    await world.sql(`UPDATE payout_item SET look_up_at = now() + interval '1 day' WHERE batch_id = $1`, [batchId]);
    const made = must(await doubt.propose(await world.person('executor'), { exception_id: exceptionId, choice: 'keep_asking' }));
    expect(made.state).toBe('confirmed');
    await doubt.carryOut();
    expect(await world.worker().inTenant((stores) => stores.chunks.nextLookupMs(batchId))).toBeLessThan(1_000);
    expect(await world.counter(batchId)).toMatchObject({ open: 1, unknown: 1 });
    expect(await doubt.exception(exceptionId)).toMatchObject({ openCount: 1, resolvedAt: null });
  });
});

describe('when the provider speaks later', () => {
  const kinds = async (batchId: string) =>
    (await world.worker().inTenant((stores) => stores.exceptions.openOf(batchId))).map(({ kind, itemCount }) => [kind, itemCount]);

  test.each([
    ['paid', 2, 'paid'],
    ['submitted', 1, 'failed'],
    ['returned', 3, 'returned'],
  ] as const)('that it has what people gave up (%s): the books follow, and people hear of it loudly', async (outcome, rank, state) => {
    const { batchId, exceptionId } = await doubt.doubtful(2);
    await doubt.resolve({ exception_id: exceptionId, choice: 'provider_never_got' });
    await doubt.said(batchId, 1, outcome, rank);
    const [, item] = await world.worker().inTenant((stores) => stores.items.range(batchId, 0, 2));
    expect(item?.state).toBe(state);
    expect(await kinds(batchId)).toEqual([['resolution_contradicted', 1]]);
    const [alert] = await world.sql<{ severity: string }>(
      `SELECT detail ->> 'severity' AS severity FROM audit_event WHERE subject_id = $1 AND action = 'exception.raise' AND detail ->> 'kind' = 'resolution_contradicted'`,
      [batchId],
    );
    expect(alert).toEqual({ severity: 'high' });
    expect(await brokenHere()).toEqual([]);
  });

  test.each([
    ['failed', 'pay_0', 'resolution_contradicted'],
    ['paid', 'pay_other', 'resolution_contradicted'],
    ['paid', 'pay_0', null],
  ] as const)('%s with reference %s, of what people called paid: %s', async (outcome, reference, kind) => {
    const { batchId, exceptionId } = await doubt.doubtful(1);
    await doubt.resolve({ exception_id: exceptionId, choice: 'provider_paid', items: doubt.withReferences(batchId, [0]) });
    await doubt.said(batchId, 0, outcome, 2, reference);
    expect(await kinds(batchId)).toEqual(kind ? [[kind, 1]] : []);
    expect(await brokenHere()).toEqual([]);
  });

  test('a second payment under one key: the batch is not reconciled until two people have made it good', async () => {
    const { batchId } = await doubt.doubtful(1);
    await doubt.said(batchId, 0, 'paid', 2, 'pay_first');
    const admin = world.as(await world.person('admin'));
    const reconciled = async () => must(await showPayoutBatch(admin, { batch_id: batchId })).reconciled;
    expect(await reconciled()).toBe(true);
    await doubt.said(batchId, 0, 'paid', 2, 'pay_second');
    expect(await kinds(batchId)).toEqual([['paid_twice_at_provider', 1]]);
    expect(await reconciled()).toBe(false);
    const [open] = await world.worker().inTenant((stores) => stores.exceptions.openOf(batchId));
    await doubt.resolve({ exception_id: open?.id ?? '', choice: 'made_good' });
    expect([await kinds(batchId), await reconciled()]).toEqual([[], true]);
  });

  test('before people have decided: the doubt is over, and so is its exception', async () => {
    const { batchId, exceptionId } = await doubt.doubtful(2);
    await doubt.said(batchId, 0, 'paid', 2);
    expect(await doubt.exception(exceptionId)).toMatchObject({ openCount: 1, resolvedAt: null });
    await doubt.said(batchId, 1, 'failed', 2);
    expect(await doubt.exception(exceptionId)).toMatchObject({ openCount: 0, resolution: 'by_evidence' });
    expect(await kinds(batchId)).toEqual([]);
  });
});

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
    expect(codeOf(await propose([first, second]))).toBe('items_proposed');
    must(await withdrawProposal(world.as(who), { proposal_id: uuidOf(made.id), reason: 'wrong reference' }));
    expect(codeOf(await doubt.confirm(await world.person('authorizer'), uuidOf(made.id)))).toBe('proposal_closed');
    must(await propose([first, second]));
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
