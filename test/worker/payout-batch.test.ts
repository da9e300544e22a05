import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { codecServer } from '../../api/codec.js';
import { listen } from '../../api/listen.js';
import { pausePayoutBatch } from '../../operations/payout-batch/pause.js';
import { rejectPayoutBatch } from '../../operations/payout-batch/reject.js';
import { resumePayoutBatch } from '../../operations/payout-batch/resume.js';
import { systemEntropy } from '../../vault/entropy.js';
import { BATCH_QUEUE } from '../../workflows/messages.js';
import { RUN_RETRY } from '../../workflows/policies.js';
import { until } from '../harness/until.js';
import { tokens } from '../operations/pay-scene.js';
import { keepHistory } from './keep-history.js';
import { type WorkerScene, workerScene } from './worker-scene.js';

/** History events that a run has whatever it pays: start, signals, loads, end. */
const FIXED_EVENTS_MAX = 90;

let scene: WorkerScene;
beforeAll(async () => {
  scene = await workerScene({ env: { SLUICE_HISTORY_EVENTS: '60' } });
  await scene.start();
}, 180_000);
afterAll(() => scene?.close(), 60_000);

const doing = (batchId: string, what: string) =>
  until(`the run to be: ${what}`, async () => {
    const progress = await scene.handle(batchId).query<{ doing: string }>('progress');
    return progress.doing === what ? true : undefined;
  });

describe('a payout batch on real servers', () => {
  test('[S1-23] waits at its gates, pays, completes, and its run ends', async () => {
    const batchId = await scene.queued(tokens(10));
    await doing(batchId, 'waits for approve');
    await scene.openUpTo('execute', batchId);
    const view = await scene.reaches(batchId, 'completed');
    expect(view.counter).toMatchObject({ paid: 10, open: 0 });
    expect(await scene.handle(batchId).result()).toEqual({ state: 'completed' });
    await keepHistory('happy', scene.handle(batchId), scene.codec);
    expect(await scene.broken()).toEqual([]);
  }, 90_000);

  test('a rejected batch ends its run', async () => {
    const batchId = await scene.queued(tokens(1));
    await doing(batchId, 'waits for approve');
    const approver = await scene.person('approver');
    await rejectPayoutBatch(scene.asPerson(approver), { batch_id: batchId, reason: 'no' });
    expect(await scene.handle(batchId).result()).toEqual({ state: 'rejected' });
    await keepHistory('rejected', scene.handle(batchId), scene.codec);
  }, 90_000);

  test('a forged signal opens nothing', async () => {
    const batchId = await scene.queued(tokens(1));
    await doing(batchId, 'waits for approve');
    const before = await scene.provider.books();
    for (let i = 0; i < 3; i++) await scene.handle(batchId).signal('gateOpened', { gateId: '00000000-0000-7000-8000-000000000000' });
    // A query alone may be answered before the run has looked at what it was told: wait until it rests again.
    const ran = await until('the run to load the batch anew and rest', async () => {
      const { events } = await scene.handle(batchId).fetchHistory();
      const names = events?.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []) ?? [];
      const done = events?.filter((event) => event.activityTaskCompletedEventAttributes).length ?? 0;
      const last = events?.at(-1);
      const works =
        last?.workflowTaskScheduledEventAttributes ?? last?.workflowTaskStartedEventAttributes ?? last?.workflowExecutionSignaledEventAttributes;
      return done > 1 && done === names.length && !works ? names : undefined;
    });
    expect(new Set(ran)).toEqual(new Set(['loadBatch']));
    await doing(batchId, 'waits for approve');
    expect((await scene.view(batchId))?.control.state).toBe('queued');
    expect((await scene.provider.books()).count).toBe(before.count);
  }, 90_000);

  test('[S5-05] why a run failed is read with the key, and nowhere in its history without it', async () => {
    const absent = systemEntropy.newId();
    const args = [{ tenantId: scene.home.tenantId, batchId: absent }];
    await scene.client.workflow.start('payoutBatch', { workflowId: scene.handle(absent).workflowId, taskQueue: BATCH_QUEUE, args });
    const why = 'there is no such batch';
    await expect(scene.handle(absent).result()).rejects.toMatchObject({ cause: { cause: { message: why } } });

    const { events } = await scene.handle(absent).fetchHistory();
    expect(JSON.stringify(events)).not.toContain(why);
    const failure = events?.flatMap((event) => event.activityTaskFailedEventAttributes?.failure ?? [])[0];
    expect(failure).toMatchObject({ message: 'Encoded failure', stackTrace: '' });
    expect(Buffer.from(failure?.encodedAttributes?.data ?? why).includes(why)).toBe(false);
    const codec = codecServer({ decode: scene.codec.decode, uiUrl: 'http://127.0.0.1:8233' });
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
    const batchId = await scene.queued(tokens(1));
    await doing(batchId, 'waits for approve');
    await scene.enter(scene.home.tenantId);
    await scene.sql('UPDATE batch_control SET deadline_at = now(), row_version = row_version + 1 WHERE batch_id = $1', [batchId]);
    await scene.handle(batchId).signal('batchChanged');
    expect(await scene.handle(batchId).result()).toEqual({ state: 'expired' });
    await keepHistory('expired', scene.handle(batchId), scene.codec);
  }, 90_000);

  test('many chunks: paid across runs that continue as new, at most 6 events a chunk', async () => {
    await scene.connect({ endpoint: 'single' });
    const batchId = await scene.queued(tokens(128 * 12));
    await doing(batchId, 'waits for approve');
    const first = (await scene.handle(batchId).describe()).runId;
    await scene.openUpTo('execute', batchId);
    const view = await scene.reaches(batchId, 'completed');
    expect(view.counter).toMatchObject({ paid: 128 * 12, open: 0 });
    await scene.handle(batchId).result();
    const described = await scene.handle(batchId).describe();
    expect(described.runId).not.toBe(first);
    await keepHistory('continued', scene.client.workflow.getHandle(described.workflowId, described.runId), scene.codec);
    expect(described.historyLength).toBeLessThan(FIXED_EVENTS_MAX + 6 * 12);
    const [started] = (await scene.handle(batchId).fetchHistory()).events ?? [];
    expect(started?.workflowExecutionStartedEventAttributes?.retryPolicy?.maximumAttempts).toBe(RUN_RETRY.maximumAttempts);
    expect(await scene.broken()).toEqual([]);
    await scene.connect({});
  }, 120_000);

  test('paused while it executes: nothing more leaves; resumed: all of it does', async () => {
    const batchId = await scene.queued(tokens(3));
    await doing(batchId, 'waits for approve');
    await scene.temporal.kill();
    await scene.openUpTo('execute', batchId);
    const executor = await scene.person('executor');
    expect(await pausePayoutBatch(scene.asPerson(executor), { batch_id: batchId })).toMatchObject({ ok: true });
    await scene.temporal.restart();
    await doing(batchId, 'paused');
    expect((await scene.view(batchId))?.counter).toMatchObject({ open: 3, paid: 0 });
    await resumePayoutBatch(scene.asPerson(executor), { batch_id: batchId });
    await scene.reaches(batchId, 'completed');
    await scene.handle(batchId).result();
    await keepHistory('paused', scene.handle(batchId), scene.codec);
    expect(await scene.broken()).toEqual([]);
  }, 120_000);

  test('a provider that is down: nothing is sent blindly; back again, everybody is paid once', async () => {
    const batchId = await scene.queued(tokens(4));
    await doing(batchId, 'waits for approve');
    await scene.provider.kill();
    await scene.openUpTo('execute', batchId);
    await until('the items to be unknown', async () => ((await scene.counter(batchId)).unknown === 4 ? true : undefined));
    await scene.provider.restart();
    await scene.connect({});
    await scene.reaches(batchId, 'completed');
    await scene.handle(batchId).result();
    await keepHistory('provider-down', scene.handle(batchId), scene.codec);
    expect(await scene.broken()).toEqual([]);
  }, 120_000);

  test('a run that was terminated is started anew, and so is one whose Temporal was thrown away', async () => {
    const terminated = await scene.queued(tokens(2));
    await doing(terminated, 'waits for approve');
    await scene.handle(terminated).terminate();
    await scene.end('SIGKILL');
    await scene.temporal.restart('fresh');
    await scene.openUpTo('execute', terminated);
    await scene.start();
    await scene.reaches(terminated, 'completed');
    expect(await scene.broken()).toEqual([]);
    expect(await scene.end('SIGTERM')).toBe(0);
  }, 120_000);
});
