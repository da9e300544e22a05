import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { readBatch } from '../../operations/batch-state/read.js';
import { BATCH_QUEUE, GATE_OPENED, PAYOUT_BATCH_WORKFLOW } from '../../workflows/messages.js';
import { until } from '../harness/until.js';
import { tokens } from '../world/paying.js';
import { openTemporalWorld, type TemporalWorld } from '../world/temporal.js';

/**
 * What somebody who reaches Temporal's port can do to the run of a batch, by a client without our codec. Each happens to a batch of its
 * own before its gates open: three people pay for it, and nothing but its lack of progress says that its run is no use any more.
 */
const ATTACKS = {
  'a signal that is not encrypted': async (batchId) => {
    await plain.workflow.getHandle(idOf(batchId)).signal(GATE_OPENED, { gateId: batchId });
  },
  'a payload of another run, moved in as a signal': async (batchId) => {
    const { events } = await world.handle(undisturbed).fetchHistory();
    const moved = events?.[0]?.workflowExecutionStartedEventAttributes?.input;
    await plain.workflowService.signalWorkflowExecution({
      namespace: world.temporal.namespace,
      workflowExecution: { workflowId: idOf(batchId) },
      signalName: GATE_OPENED,
      input: moved ?? null,
      requestId: batchId,
    });
  },
  'a signal of an unknown name': async (batchId) => {
    await plain.workflow.getHandle(idOf(batchId)).signal('nobody-knows-this', 1);
  },
  'another workflow under its id': async (batchId) => {
    await world.handle(batchId).terminate();
    await plain.workflow.start('somethingElse', { workflowId: idOf(batchId), taskQueue: 'somewhere-else', memo: { in: 'clear' } });
  },
  'a workflow of its name on another queue': async (batchId) => {
    await world.handle(batchId).terminate();
    await plain.workflow.start(PAYOUT_BATCH_WORKFLOW, { workflowId: idOf(batchId), taskQueue: 'somewhere-else', memo: { in: 'clear' } });
  },
  'a run whose workflow task fails for ever': async (batchId) => {
    await world.handle(batchId).terminate();
    const args = [{ tenantId: world.home.tenantId, batchId }];
    await plain.workflow.start(PAYOUT_BATCH_WORKFLOW, { workflowId: idOf(batchId), taskQueue: BATCH_QUEUE, args, memo: { in: 'clear' } });
  },
} satisfies Record<string, (batchId: string) => Promise<void>>;
type Attack = keyof typeof ATTACKS;

let world: TemporalWorld;
/** Somebody who knows where Temporal is and has no key. */
let plain: Client;
let undisturbed: string;
const attacked = new Map<string, string>();

const idOf = (batchId: string) => world.handle(batchId).workflowId;

beforeAll(async () => {
  world = await openTemporalWorld({ SLUICE_RECONCILE_SECONDS: '1' });
  plain = new Client({ connection: Connection.lazy({ address: world.temporal.address }), namespace: world.temporal.namespace });
  await world.start();
  undisturbed = await world.queued(tokens(1));
  for (const attack of Object.keys(ATTACKS)) attacked.set(attack, await world.queued(tokens(2)));
  for (const batchId of [undisturbed, ...attacked.values()])
    await until('the run to wait for approve', async () => {
      const { doing } = await world.handle(batchId).query<{ doing: string }>('progress');
      return doing === 'waits for approve' ? true : undefined;
    });
  for (const [attack, batchId] of attacked) await ATTACKS[attack as Attack](batchId);
  for (const batchId of attacked.values()) await world.openUpTo('execute', batchId);
}, 180_000);
afterAll(async () => {
  await plain?.connection.close();
  await world?.close();
}, 60_000);

const metrics = async (): Promise<string> => {
  const port = /"port":(\d+)[^\n]*the worker starts/.exec(world.logText())?.[1];
  return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
};

test.each(Object.keys(ATTACKS) as Attack[])(
  '%s: the batch is driven anew and paid, and people are told',
  async (attack) => {
    const batchId = attacked.get(attack) ?? '';
    const view = await world.reaches(batchId, 'completed');
    expect(view.counter).toMatchObject({ paid: 2, open: 0 });
    expect((await world.handle(batchId).result()) as unknown).toEqual({ state: 'completed' });
    const ctx = world.as(world.preparer);
    expect((await ctx.inTenant((stores) => readBatch(ctx, stores, batchId))).attention).toEqual(['run_stalled', 'exceptions']);
  },
  120_000,
);

test('a batch that waits for people is left alone, and the counter names the reasons', async () => {
  const ctx = world.as(world.preparer);
  expect((await ctx.inTenant((stores) => readBatch(ctx, stores, undisturbed))).attention).not.toContain('run_stalled');
  const told = await metrics();
  const counted = (reason: string) =>
    Number(new RegExp(`sluice_runs_redriven_total\\{reason="${reason}",process="worker"\\} (\\d+)`).exec(told)?.[1]);
  expect(counted('foreign')).toBe(2);
  expect(counted('silent')).toBe(4);
  expect(await world.broken()).toEqual([]);
});
