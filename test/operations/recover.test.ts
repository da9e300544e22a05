import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { lookUpDue } from '../../operations/chunk/look-up-due.js';
import { payChunk } from '../../operations/chunk/pay.js';
import { cancelPayoutBatch } from '../../operations/payout-batch/cancel.js';
import { askProposalChallenge } from '../../operations/proposal/ask.js';
import { proposeRecovery } from '../../operations/recovery/propose.js';
import { showRecovery } from '../../operations/recovery/show.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';
import { confirmedRecovery } from '../world/proposals.js';
import { RECOVERING, recoveryOf } from '../world/recovery.js';
import { must, uuidOf } from '../world/wire.js';

jest.setTimeout(120_000);

const recovering = { services: RECOVERING };
const quiet = () => {};
const CHUNK = 128;

let world: PayingWorld;
let lost: ReturnType<typeof recoveryOf>;
beforeAll(async () => {
  world = await openPayingWorld();
  await world.connect({ endpoint: 'single' });
  lost = recoveryOf(world);
});
afterAll(() => world?.close());

const taken = async () => (await world.provider.books()).count;

test('a copy from before execute: the batch was paid since, and is looked up instead of sent when it executes again', async () => {
  const batchId = await world.queued(tokens(CHUNK + 5));
  await world.openUpTo('authorize', batchId);
  await world.sequence();
  const before = await taken();
  await lost.sentByTheLost(batchId, 0);
  expect(await taken()).toBe(before + CHUNK);

  await lost.recover();
  const refused = await cancelPayoutBatch(world.as(await world.person('admin')), { batch_id: batchId });
  expect(refused).toMatchObject({ ok: false, refusal: { code: 'batch_in_doubt' } });
  const executor = await world.person('executor');
  must(await world.tryGate(executor, 'execute', batchId, await world.challenge(executor, 'execute', batchId)));
  await world.sequence();
  expect(await lost.drive(batchId)).toBe('completed');
  expect(await world.counter(batchId)).toMatchObject({ paid: CHUNK + 5, open: 0 });
  expect(await taken()).toBe(before + CHUNK + 5);
  expect(await world.broken()).toEqual([]);
});

test('a copy from mid-run: what was paid since is settled, the rest is looked up and sent, and nothing is paid twice', async () => {
  const batchId = await world.executing(tokens(CHUNK * 3));
  const before = await taken();
  await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
  await world.sequence();
  await lost.sentByTheLost(batchId, 1);
  lost.ended.length = 0;
  await lost.recover();
  expect(lost.ended).toContain(batchId);
  // In doubt at once: nothing of it can be withdrawn as unsent.
  expect(await world.counter(batchId)).toMatchObject({ paid: CHUNK * 2, open: CHUNK });
  await lost.resume(batchId);
  expect(await lost.drive(batchId)).toBe('completed');
  expect(await taken()).toBe(before + CHUNK * 3);
  expect(await world.broken()).toEqual([]);
});

test('a batch that was paused or cancelled in the lost time sends nothing more until a person resumes it, and can be cancelled', async () => {
  const batchId = await world.executing(tokens(CHUNK * 2));
  await world.sequence();
  await lost.sentByTheLost(batchId, 0);
  const before = await taken();
  await lost.recover();
  expect((await world.view(batchId))?.control).toMatchObject({ pausedAt: expect.any(Date), reason: expect.stringContaining('Resume the batch') });
  const go = async (): Promise<void> => {
    for (const chunk of [0, 1]) await payChunk(world.worker(), { batchId, chunk }, quiet);
    await lookUpDue(world.worker(), batchId, quiet);
  };
  await go();
  expect([await taken(), await world.counter(batchId)]).toEqual([before, expect.objectContaining({ paid: CHUNK, open: CHUNK })]);
  must(await cancelPayoutBatch(world.as(await world.person('admin')), { batch_id: batchId }));
  expect(await lost.drive(batchId)).toBe('completed');
  expect([await taken(), await world.counter(batchId)]).toEqual([before, expect.objectContaining({ paid: CHUNK, open: 0 })]);
  expect(await world.broken()).toEqual([]);
});

test('a batch of which nothing is left to send is not paused', async () => {
  const batchId = await world.executing(tokens(2));
  await world.sequence();
  await lost.sentByTheLost(batchId, 0);
  await lost.recover();
  expect((await world.view(batchId))?.control).toMatchObject({ pausedAt: null });
  expect(await lost.drive(batchId)).toBe('completed');
});

test('a copy from after completion: nothing is in doubt, and nothing changes', async () => {
  const batchId = await world.executing(tokens(3));
  expect(await lost.drive(batchId)).toBe('completed');
  await world.sequence();
  const before = await taken();
  await lost.recover();
  expect(await taken()).toBe(before);
  expect(await world.counter(batchId)).toMatchObject({ paid: 3, open: 0 });
  expect(await world.broken()).toEqual([]);
});

test('the newer checkpoints are set aside, named in the log, and the restored log is published on from there', async () => {
  await world.writeEvent(world.home.tenantId, '0198c2aa-7c1e-7b3d-9f10-a4c2e6b80d11');
  await world.sequence();
  const kept = await world.archive.latest(world.home.tenantId);
  // The lost database published more than the copy knows of.
  const root = world.services.sha256(Buffer.from('lost'));
  const size = (kept?.size ?? 0n) + 1_000n;
  const generation = await world.archive.generation(world.home.tenantId);
  await world.archive.publish(world.home.tenantId, size, world.services.signer.sign({ tenantId: world.home.tenantId, generation }, size, root));
  await confirmedRecovery(world);
  expect(await lost.carryOut()).toBe(1);
  expect((await world.archive.latest(world.home.tenantId))?.size).toBe(kept?.size);
  const [event] = await world.sql<{ detail: object }>(`SELECT detail FROM audit_event WHERE action = 'workspace.recover' ORDER BY id DESC LIMIT 1`);
  expect(event?.detail).toMatchObject({
    ...{ generation: generation + 1, kept_size: String(kept?.size) },
    ...{ lost_size: String(size), lost_root: Buffer.from(root).toString('hex') },
  });
  await world.sequence();
  expect((await world.archive.latest(world.home.tenantId))?.size).toBeGreaterThan(kept?.size ?? 0n);
});

test('where a recovery stands, and what it did; an earlier one is none of a later restore', async () => {
  await world.sequence();
  const who = world.as(await world.person('admin'), recovering);
  expect(must(await showRecovery(who))).toMatchObject({ reason: 'an older copy was put back', proposal: null, done: null });
  const batchId = await world.executing(tokens(3));
  await world.sequence();
  await lost.sentByTheLost(batchId, 0);
  await confirmedRecovery(world);
  expect(must(await showRecovery(who))).toMatchObject({ proposal: { state: 'confirmed', confirmed_by: expect.any(String) }, done: null });
  expect(await lost.carryOut()).toBe(1);
  const done = { doubtful: 3, reported: expect.any(Number), settled: 3, marked: 0, paused: 0, generation: expect.any(Number), lost_events: 0 };
  expect(must(await showRecovery(who))).toMatchObject({ proposal: { state: 'applied' }, done });
  await world.sequence();
  expect(must(await showRecovery(who))).toMatchObject({ proposal: null, done: null });
  expect(must(await showRecovery(world.as(await world.person('admin'))))).toMatchObject({ reason: null, proposal: { state: 'applied' }, done });
});

test('one person alone recovers nothing, and nothing is recovered outside recovery mode', async () => {
  const who = await world.person('admin');
  const plan = must(await showRecovery(world.as(who, recovering)));
  const starting = world.as(who, { services: { recovery: { reason: () => 'not compared yet', comparing: () => true } } });
  expect(await showRecovery(starting)).toMatchObject({ refusal: { code: 'not_ready' } });
  expect(await proposeRecovery(starting, { reason: 'x', plan_digest: plan.digest })).toMatchObject({ refusal: { code: 'not_ready' } });
  expect(await proposeRecovery(world.as(who), { reason: 'x', plan_digest: plan.digest })).toMatchObject({ refusal: { code: 'not_in_recovery' } });
  expect(await proposeRecovery(world.as(who, recovering), { reason: 'x', plan_digest: '00'.repeat(32) })).toMatchObject({
    refusal: { code: 'plan_changed' },
  });
  const proposed = must(await proposeRecovery(world.as(who, recovering), { reason: 'the disk was lost', plan_digest: plan.digest }));
  const proposalId = uuidOf(proposed.id);
  expect(await askProposalChallenge(world.as(who, recovering), { proposal_id: proposalId })).toMatchObject({
    refusal: { code: 'proposal_same_person' },
  });
  expect(await lost.carryOut()).toBe(0);
});
