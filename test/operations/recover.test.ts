import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { chunkCount, rangeOf } from '../../domain/batch/content.js';
import { lookUpDue } from '../../operations/chunk/look-up-due.js';
import { payChunk } from '../../operations/chunk/pay.js';
import { paymentOf } from '../../operations/chunk/verify-content.js';
import type { Context } from '../../operations/context.js';
import { openDestinations } from '../../operations/payee/sealing.js';
import { cancelPayoutBatch } from '../../operations/payout-batch/cancel.js';
import { askProposalChallenge } from '../../operations/proposal/ask.js';
import { confirmProposal } from '../../operations/proposal/confirm.js';
import { openConnection } from '../../operations/rail-connection/open.js';
import { applyRecoveries } from '../../operations/recovery/apply.js';
import { proposeRecovery } from '../../operations/recovery/propose.js';
import { showRecovery } from '../../operations/recovery/show.js';
import { until } from '../harness/until.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';
import type { Person } from '../world/people.js';
import { must, uuidOf } from '../world/wire.js';

jest.setTimeout(120_000);

const WHY = 'an older copy was put back';
const recovering = { services: { recovery: { reason: () => WHY } } };
const quiet = () => {};
const CHUNK = 128;

let world: PayingWorld;
beforeAll(async () => {
  world = await openPayingWorld();
  await world.connect({ endpoint: 'single' });
});
afterAll(() => world?.close());

/** What a database that was lost has done: the payments of a chunk are at the provider, and the copy knows nothing of it. */
const sentByTheLost = async (batchId: string, chunk: number): Promise<void> => {
  const ctx = world.worker();
  const view = await world.view(batchId);
  if (!view?.content) throw new Error(batchId);
  const { batch, content } = view;
  const [opened, payments] = await ctx.inTenant(async (stores) => {
    const { from, to } = rangeOf(chunk, batch.chunkSize, content.size);
    const items = await stores.chunks.items(batchId, from, to);
    const sending = await openDestinations(ctx, stores, items);
    const found = await openConnection(ctx, stores, batch.connectionId);
    return [
      found,
      items.flatMap((item) => {
        const to = sending.get(item.ordinal);
        return to ? [paymentOf(batch, item, to)] : [];
      }),
    ] as const;
  });
  if (!opened) throw new Error('no connection');
  await opened.rail.send(opened.connection, opened.rail.prepare(payments), {
    kind: 'first',
    signal: new AbortController().signal,
    onProgress: quiet,
  });
};

const propose = async (who: Person) => {
  const ctx = world.as(who, recovering);
  const plan = must(await showRecovery(ctx));
  return proposeRecovery(ctx, { reason: 'the disk was lost', plan_digest: plan.digest });
};
const confirm = async (who: Person, proposalId: string) => {
  const ctx = world.as(who, recovering);
  const challenge = must(await askProposalChallenge(ctx, { proposal_id: proposalId }));
  return confirmProposal(ctx, { proposal_id: proposalId, challenge_id: uuidOf(challenge.id), code: await world.code(who) });
};
const ended: string[] = [];
const carryOut = (ctx: Context = world.worker(recovering.services)) =>
  applyRecoveries(ctx, { endRuns: async (batchIds) => void ended.push(...batchIds), archive: world.archive });

/** Two people recover the workspace. */
const recover = async (): Promise<void> => {
  const proposalId = uuidOf(must(await propose(await world.person('executor'))).id);
  must(await confirm(await world.person('authorizer'), proposalId));
  expect(await carryOut()).toBe(1);
  await world.sequence();
};

/** Drives a batch as its run does, until it ends. */
const drive = async (batchId: string): Promise<string> => {
  const ctx = world.worker();
  const chunks = chunkCount((await world.view(batchId))?.content?.size ?? 0, CHUNK);
  return until(`the end of ${batchId}`, async () => {
    for (let chunk = 0; chunk < chunks; chunk++) await payChunk(ctx, { batchId, chunk }, quiet);
    await lookUpDue(ctx, batchId, quiet);
    const state = (await world.view(batchId))?.control.state ?? '';
    return state === 'executing' ? undefined : state;
  });
};
const taken = async () => (await world.provider.books()).count;

test('a copy from before execute: the batch was paid since, and is looked up instead of sent when it executes again', async () => {
  const batchId = await world.queued(tokens(CHUNK + 5));
  await world.openUpTo('authorize', batchId);
  await world.sequence();
  const before = await taken();
  await sentByTheLost(batchId, 0);
  expect(await taken()).toBe(before + CHUNK);

  await recover();
  const refused = await cancelPayoutBatch(world.as(await world.person('admin')), { batch_id: batchId });
  expect(refused).toMatchObject({ ok: false, refusal: { code: 'batch_in_doubt' } });
  const executor = await world.person('executor');
  must(await world.tryGate(executor, 'execute', batchId, await world.challenge(executor, 'execute', batchId)));
  await world.sequence();
  expect(await drive(batchId)).toBe('completed');
  expect(await world.counter(batchId)).toMatchObject({ paid: CHUNK + 5, open: 0 });
  expect(await taken()).toBe(before + CHUNK + 5);
  expect(await world.broken()).toEqual([]);
});

test('a copy from mid-run: what was paid since is settled, the rest is looked up and sent, and nothing is paid twice', async () => {
  const batchId = await world.executing(tokens(CHUNK * 3));
  const before = await taken();
  await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
  await world.sequence();
  await sentByTheLost(batchId, 1);
  ended.length = 0;
  await recover();
  expect(ended).toContain(batchId);
  // In doubt at once: nothing of it can be withdrawn as unsent.
  expect(await world.counter(batchId)).toMatchObject({ paid: CHUNK * 2, open: CHUNK });
  expect(await drive(batchId)).toBe('completed');
  expect(await taken()).toBe(before + CHUNK * 3);
  expect(await world.broken()).toEqual([]);
});

test('a copy from after completion: nothing is in doubt, and nothing changes', async () => {
  const batchId = await world.executing(tokens(3));
  expect(await drive(batchId)).toBe('completed');
  await world.sequence();
  const before = await taken();
  await recover();
  expect(await taken()).toBe(before);
  expect(await world.counter(batchId)).toMatchObject({ paid: 3, open: 0 });
  expect(await world.broken()).toEqual([]);
});

test('a recovery that dies at any step goes on, and puts nothing in doubt twice', async () => {
  const batchId = await world.executing(tokens(CHUNK * 2));
  await world.sequence();
  await sentByTheLost(batchId, 0);
  const proposalId = uuidOf(must(await propose(await world.person('executor'))).id);
  must(await confirm(await world.person('authorizer'), proposalId));
  // Dies before each transaction in turn.
  for (let dies = 1; ; dies++) {
    let transactions = 0;
    const ctx = world.worker(recovering.services);
    const dying: Context = {
      ...ctx,
      inTenant: async (work, options) => {
        if (++transactions === dies) throw new Error('died');
        return ctx.inTenant(work, options);
      },
    };
    const done = await carryOut(dying).catch(() => 0);
    if (done === 1) break;
    expect(dies).toBeLessThan(100);
  }
  const rows = await world.sql<{ chunk: number; purpose: string }>(
    'SELECT chunk, purpose FROM dispatch WHERE batch_id = $1 ORDER BY chunk, attempt',
    [batchId],
  );
  expect(rows).toEqual([
    { chunk: 0, purpose: 'recovery' },
    { chunk: 1, purpose: 'recovery' },
  ]);
  await world.sequence();
  expect(await drive(batchId)).toBe('completed');
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
  const proposalId = uuidOf(must(await propose(await world.person('executor'))).id);
  must(await confirm(await world.person('authorizer'), proposalId));
  expect(await carryOut()).toBe(1);
  expect((await world.archive.latest(world.home.tenantId))?.size).toBe(kept?.size);
  const [event] = await world.sql<{ detail: object }>(`SELECT detail FROM audit_event WHERE action = 'workspace.recover' ORDER BY id DESC LIMIT 1`);
  expect(event?.detail).toMatchObject({
    ...{ generation: generation + 1, kept_size: String(kept?.size) },
    ...{ lost_size: String(size), lost_root: Buffer.from(root).toString('hex') },
  });
  await world.sequence();
  expect((await world.archive.latest(world.home.tenantId))?.size).toBeGreaterThan(kept?.size ?? 0n);
});

test('one person alone recovers nothing, and nothing is recovered outside recovery mode', async () => {
  const who = await world.person('admin');
  const plan = must(await showRecovery(world.as(who, recovering)));
  expect(await proposeRecovery(world.as(who), { reason: 'x', plan_digest: plan.digest })).toMatchObject({ refusal: { code: 'not_in_recovery' } });
  expect(await proposeRecovery(world.as(who, recovering), { reason: 'x', plan_digest: '00'.repeat(32) })).toMatchObject({
    refusal: { code: 'plan_changed' },
  });
  const proposalId = uuidOf(must(await propose(who)).id);
  expect(await askProposalChallenge(world.as(who, recovering), { proposal_id: proposalId })).toMatchObject({
    refusal: { code: 'proposal_same_person' },
  });
  expect(await carryOut()).toBe(0);
});
