import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Connection } from '@temporalio/client';
import { choosePorts, type Ports } from '../../dev/stack/ports.js';
import { ensureNamespace } from '../../dev/temporal/ensure-namespace.js';
import { findTemporalCli } from '../../dev/temporal/find-cli.js';
import { readTemporalSettings, serverFlags } from '../../dev/temporal/settings.js';
import { guardServers } from '../harness/guard.js';

/** The server ignores a misspelled key silently, so the tests look at what it does. */

const settings = readTemporalSettings();
const { namespace } = settings;
const identity = 'settings-test';
let folder: string;
let ports: Ports;
let cli: string;
let server: ChildProcess;
let connection: Connection;
let guard: Awaited<ReturnType<typeof guardServers>> | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-temporal-'));
  cli = await findTemporalCli(() => {});
  ports = await choosePorts('free', {});
  const place = { stateFile: join(folder, 'state.db'), codecEndpoint: 'http://127.0.0.1:9' };
  server = spawn(
    cli,
    serverFlags(settings, {
      ...place,
      ports: { frontend: ports.temporal, ui: ports.ui, metrics: ports.temporal_metrics, http: ports.temporal_http },
    }),
    { stdio: 'ignore' },
  );
  guard = await guardServers(folder);
  guard.note('temporal', server.pid);
  const address = `127.0.0.1:${ports.temporal}`;
  await ensureNamespace(address, settings, () => server.exitCode === null);
  connection = await Connection.connect({ address });
}, 900_000);

afterAll(async () => {
  await connection?.close();
  if (server) {
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    await ended;
  }
  guard?.release();
  rmSync(folder, { recursive: true, force: true });
});

const start = (taskQueue: string, workflowId: string, fairnessKey?: string) =>
  connection.workflowService.startWorkflowExecution({
    namespace,
    workflowId,
    workflowType: { name: 'none' },
    taskQueue: { name: taskQueue },
    requestId: workflowId,
    ...(fairnessKey ? { priority: { fairnessKey } } : {}),
  });
/** A poll has to say how long it may wait. */
const poll = (name: string) =>
  connection.withDeadline(Date.now() + 50_000, () => connection.workflowService.pollWorkflowTaskQueue({ namespace, taskQueue: { name }, identity }));

describe('the file', () => {
  const written = (change: (text: string) => string): string => {
    const file = join(folder, 'changed.yaml');
    writeFileSync(file, change(readFileSync('temporal-dev.yaml', 'utf8')));
    return file;
  };

  test.each([
    ['an unknown key', (text: string) => `${text}\nnamespaces: sluice\n`],
    ['an unknown port', (text: string) => text.replace('  http: 7235', '  https: 7235')],
    ['an unknown pragma', (text: string) => text.replace('  synchronous: normal', '  synchronus: normal')],
    ['a retention that is none', (text: string) => text.replace('retention: 72h', 'retention: long')],
  ])('%s is refused', (_what, change) => {
    expect(() => readTemporalSettings(written(change))).toThrow(/is not valid/);
  });

  test('every dynamic configuration key is one that this very server knows', () => {
    const program = readFileSync(cli);
    const unknown = Object.keys(settings.dynamic_config).filter((key) => !program.includes(key));
    expect(unknown).toEqual([]);
    expect(program.includes('history.transferProcesorMaxPollRPS')).toBe(false);
  });
});

describe('the server', () => {
  test('has the search attributes and the retention', async () => {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    expect(Object.keys(customAttributes ?? {})).toEqual(expect.arrayContaining(['SluiceTenant', 'SluiceState', 'SluiceRail']));
    const { config } = await connection.workflowService.describeNamespace({ namespace });
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(72 * 3_600);
  });

  test('keeps its state in a file with a write-ahead log', () => {
    // Bytes 18 and 19 of a SQLite file are 2 in this mode.
    expect([...readFileSync(join(folder, 'state.db')).subarray(18, 20)]).toEqual([2, 2]);
  });

  test('serves the Web UI with the codec endpoint', async () => {
    const answer = (await (await fetch(`http://127.0.0.1:${ports.ui}/api/v1/settings`)).json()) as { Codec?: { Endpoint?: string } };
    expect(answer.Codec?.Endpoint).toBe('http://127.0.0.1:9');
  });

  test('hands an eager activity to the worker that asked for it', async () => {
    await start('eager', 'eager-1');
    const task = await poll('eager');
    const answer = await connection.workflowService.respondWorkflowTaskCompleted({
      namespace,
      identity,
      taskToken: task.taskToken,
      commands: [
        {
          commandType: 1,
          scheduleActivityTaskCommandAttributes: {
            activityId: '1',
            activityType: { name: 'none' },
            taskQueue: { name: 'eager' },
            startToCloseTimeout: { seconds: 60 as never },
            requestEagerExecution: true,
          },
        },
      ],
    });
    expect(answer.activityTasks?.map(({ activityId }) => activityId)).toEqual(['1']);
  }, 60_000);

  test('does not let one tenant with a long queue delay another', async () => {
    const [waiting, others] = [80, 8];
    for (let n = 0; n < waiting; n++) await start('fair', `big-${n}`, 'big');
    for (let n = 0; n < others; n++) await start('fair', `small-${n}`, `small-${n}`);
    await backlog('fair', waiting + others);
    const order: string[] = [];
    for (let n = 0; n < waiting + others; n++) order.push((await poll('fair')).workflowExecution?.workflowId ?? '');
    // The queue lies in four partitions, polled by chance, and a task may come when what was there before is in memory already: of
    // one small tenant nothing is certain. Without fairness all of them come last.
    const ahead = order.slice(0, waiting / 2).filter((id) => id.startsWith('small'));
    expect(ahead.length).toBeGreaterThan(0);
  }, 60_000);
});

/** Waits until the matching service has every task that the history service handed over. */
const backlog = async (name: string, least: number): Promise<void> => {
  for (;;) {
    const { stats } = await connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name }, taskQueueType: 1, reportStats: true });
    if (Number(stats?.approximateBacklogCount ?? 0) >= least) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
