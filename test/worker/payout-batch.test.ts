import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { codecServer } from '../../api/codec.js';
import { listen } from '../../api/listen.js';
import { pausePayoutBatch } from '../../operations/payout-batch/pause.js';
import { rejectPayoutBatch } from '../../operations/payout-batch/reject.js';
import { resumePayoutBatch } from '../../operations/payout-batch/resume.js';
import { systemEntropy } from '../../vault/entropy.js';
import { BATCH_QUEUE, PAYOUT_BATCH_WORKFLOW } from '../../workflows/messages.js';
import { RUN_RETRY } from '../../workflows/policies.js';
import { until } from '../harness/until.js';
import { tokens } from '../world/paying.js';
import { openTemporalWorld, type TemporalWorld } from '../world/temporal.js';
import { keepHistory } from './keep-history.js';

/** History events of every run, however little it pays: start, signals, loads, end. */
const FIXED_EVENTS_MAX = 90;

let world: TemporalWorld;
beforeAll(async () => {
  world = await openTemporalWorld({ SLUICE_HISTORY_EVENTS: '60' });
  await world.start();
}, 180_000);
afterAll(() => world?.close(), 60_000);

const doing = (batchId: string, what: string) =>
  until(`the run to be: ${what}`, async () => {
    const progress = await world.handle(batchId).query<{ doing: string }>('progress');
    return progress.doing === what ? true : undefined;
  });

describe('a payout batch on real servers', () => {
  test('waits at its gates, pays, completes, and its run ends [S1-23]', async () => {
    const batchId = await world.queued(tokens(10));
    await doing(batchId, 'waits for approve');
    await world.openUpTo('execute', batchId);
    const view = await world.reaches(batchId, 'completed');
    expect(view.counter).toMatchObject({ paid: 10, open: 0 });
    expect(await world.handle(batchId).result()).toEqual({ state: 'completed' });
    await keepHistory('happy', world.handle(batchId), world.codec);
    expect(await world.broken()).toEqual([]);
  }, 90_000);

  test('a rejected batch ends its run', async () => {
    const batchId = await world.queued(tokens(1));
    await doing(batchId, 'waits for approve');
    const approver = await world.person('approver');
    await rejectPayoutBatch(world.as(approver), { batch_id: batchId, reason: 'no' });
    expect(await world.handle(batchId).result()).toEqual({ state: 'rejected' });
    await keepHistory('rejected', world.handle(batchId), world.codec);
  }, 90_000);

  test('a forged signal opens nothing', async () => {
    const batchId = await world.queued(tokens(1));
    await doing(batchId, 'waits for approve');
    const before = await world.provider.books();
    for (let i = 0; i < 3; i++) await world.handle(batchId).signal('gateOpened', { gateId: '00000000-0000-7000-8000-000000000000' });
    // A query may be answered before the run has handled its signal: wait until it is idle again.
    const ran = await until('the run to load the batch anew and rest', async () => {
      const { events } = await world.handle(batchId).fetchHistory();
      const names = events?.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []) ?? [];
      const done = events?.filter((event) => event.activityTaskCompletedEventAttributes).length ?? 0;
      const last = events?.at(-1);
      const works =
        last?.workflowTaskScheduledEventAttributes ?? last?.workflowTaskStartedEventAttributes ?? last?.workflowExecutionSignaledEventAttributes;
      return done > 1 && done === names.length && !works ? names : undefined;
    });
    expect(new Set(ran)).toEqual(new Set(['loadBatch']));
    await doing(batchId, 'waits for approve');
    expect((await world.view(batchId))?.control.state).toBe('queued');
    expect((await world.provider.books()).count).toBe(before.count);
  }, 90_000);

  test('why a run failed is read with the key, and nowhere in its history without it [S5-05]', async () => {
    const absent = systemEntropy.newId();
    const args = [{ tenantId: world.home.tenantId, batchId: absent }];
    await world.client.workflow.start('payoutBatch', { workflowId: world.handle(absent).workflowId, taskQueue: BATCH_QUEUE, args });
    const why = 'there is no such batch';
    await expect(world.handle(absent).result()).rejects.toMatchObject({ cause: { cause: { message: why } } });

    const { events } = await world.handle(absent).fetchHistory();
    expect(JSON.stringify(events)).not.toContain(why);
    const failure = events?.flatMap((event) => event.activityTaskFailedEventAttributes?.failure ?? [])[0];
    expect(failure).toMatchObject({ message: 'Encoded failure', stackTrace: '' });
    expect(Buffer.from(failure?.encodedAttributes?.data ?? why).includes(why)).toBe(false);
    const codec = codecServer({ decode: world.codec.decode, uiUrl: 'http://127.0.0.1:8233' });
    const url = await listen(codec, '127.0.0.1', 0);
    const { metadata, data } = failure?.encodedAttributes ?? {};
    const base64 = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString('base64');
    const payload = {
      metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)])),
      data: base64(data),
    };
    const decoded = (await (await fetch(`${url}/decode`, { method: 'POST', body: JSON.stringify({ payloads: [payload] }) })).json()) as {
      payloads: { data: string }[];
    };
    codec.close();
    expect(JSON.parse(Buffer.from(decoded.payloads[0]?.data ?? '', 'base64').toString())).toMatchObject({ message: why });
  }, 90_000);

  test('a gate whose deadline passes expires the batch', async () => {
    const batchId = await world.queued(tokens(1));
    await doing(batchId, 'waits for approve');
    await world.sql('UPDATE batch_control SET deadline_at = now(), row_version = row_version + 1 WHERE batch_id = $1', [batchId]);
    await world.handle(batchId).signal('batchChanged');
    expect(await world.handle(batchId).result()).toEqual({ state: 'expired' });
    await keepHistory('expired', world.handle(batchId), world.codec);
  }, 90_000);

  test('many chunks: paid across runs that continue as new, at most 6 events a chunk', async () => {
    await world.connect({ endpoint: 'single' });
    const batchId = await world.queued(tokens(128 * 12));
    await doing(batchId, 'waits for approve');
    const first = (await world.handle(batchId).describe()).runId;
    await world.openUpTo('execute', batchId);
    const view = await world.reaches(batchId, 'completed');
    expect(view.counter).toMatchObject({ paid: 128 * 12, open: 0 });
    await world.handle(batchId).result();
    const described = await world.handle(batchId).describe();
    expect(described.runId).not.toBe(first);
    await keepHistory('continued', world.client.workflow.getHandle(described.workflowId, described.runId), world.codec);
    expect(described.historyLength).toBeLessThan(FIXED_EVENTS_MAX + 6 * 12);
    const [started] = (await world.handle(batchId).fetchHistory()).events ?? [];
    expect(started?.workflowExecutionStartedEventAttributes?.retryPolicy?.maximumAttempts).toBe(RUN_RETRY.maximumAttempts);
    expect(await world.broken()).toEqual([]);
    await world.connect({});
  }, 120_000);

  test('sends nothing more once paused while executing, and all of it once resumed', async () => {
    const batchId = await world.queued(tokens(3));
    await doing(batchId, 'waits for approve');
    await world.temporal.kill();
    await world.openUpTo('execute', batchId);
    const executor = await world.person('executor');
    expect(await pausePayoutBatch(world.as(executor), { batch_id: batchId })).toMatchObject({ ok: true });
    await world.temporal.restart();
    await doing(batchId, 'paused');
    expect((await world.view(batchId))?.counter).toMatchObject({ open: 3, paid: 0 });
    const second = await world.client.workflow.start(PAYOUT_BATCH_WORKFLOW, {
      workflowId: `${world.handle(batchId).workflowId}-again`,
      taskQueue: BATCH_QUEUE,
      args: [{ tenantId: world.home.tenantId, batchId }],
    });
    await until('the second run to find the batch paused', async () =>
      (await second.query<{ doing: string }>('progress')).doing === 'paused' ? true : undefined,
    );
    await resumePayoutBatch(world.as(executor), { batch_id: batchId });
    await world.reaches(batchId, 'completed');
    // No message goes to a run of another id: it looks again by itself.
    expect(await second.result()).toEqual({ state: 'completed' });
    await world.handle(batchId).result();
    await keepHistory('paused', world.handle(batchId), world.codec);
    expect(await world.broken()).toEqual([]);
  }, 120_000);

  test('while the provider is down nothing is sent blindly; once it is back, everybody is paid once', async () => {
    const batchId = await world.queued(tokens(4));
    await doing(batchId, 'waits for approve');
    await world.provider.kill();
    await world.openUpTo('execute', batchId);
    await until('the items to be unknown', async () => ((await world.counter(batchId)).unknown === 4 ? true : undefined));
    await world.provider.restart();
    await world.connect({});
    await world.reaches(batchId, 'completed');
    await world.handle(batchId).result();
    await keepHistory('provider-down', world.handle(batchId), world.codec);
    expect(await world.broken()).toEqual([]);
  }, 120_000);

  test('a run that was terminated is started anew, and so is one whose Temporal was thrown away', async () => {
    const terminated = await world.queued(tokens(2));
    await doing(terminated, 'waits for approve');
    await world.handle(terminated).terminate();
    await world.end('SIGKILL');
    await world.temporal.restart('fresh');
    await world.openUpTo('execute', terminated);
    await world.start();
    await world.reaches(terminated, 'completed');
    expect(await world.broken()).toEqual([]);
    expect(await world.end('SIGTERM')).toBe(0);
  }, 120_000);
});
