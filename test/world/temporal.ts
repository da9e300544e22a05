import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { toWireId } from '../../domain/ids.js';
import { openPayloadCodec } from '../../vault/payload-codec.js';
import { dataConverterWith } from '../../worker/data-converter.js';
import { until } from '../harness/until.js';
import { startTemporal } from '../worker/temporal-server.js';
import { openPayingWorld } from './paying.js';

/** A paying world with a Temporal server and a worker process, both of its own. `env` is the worker's environment. */
export const openTemporalWorld = async (env: Record<string, string> = {}) => {
  const [temporal, world] = await Promise.all([startTemporal(), openPayingWorld()]);
  const { folder, keyFile } = world;
  await world.sql('INSERT INTO installation (singleton, id) VALUES (true, $1)', [keyFile.installationId]);
  const log = join(folder, 'worker.log');
  const { urls } = world.database;
  const settings = {
    LOG_LEVEL: 'info',
    SLUICE_KEY_FILE: world.keyFilePath,
    SLUICE_CHECKPOINT_DIR: world.checkpoints,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    SLUICE_WORKER_DATABASE_URL: urls.worker,
    SLUICE_RELAY_DATABASE_URL: urls.relay,
    SLUICE_SEQUENCER_DATABASE_URL: urls.sequencer,
    // Nothing listens there.
    SLUICE_SMTP_URL: 'smtp://127.0.0.1:9',
    SLUICE_MAIL_FROM: 'no-reply@sluice.example',
    SLUICE_PUBLIC_URL: 'http://127.0.0.1',
    SLUICE_HEALTH_PORT: '0',
    ...env,
  };
  let child: ChildProcess | null = null;

  const start = async (more: Record<string, string> = {}): Promise<void> => {
    const out = openSync(log, 'a');
    child = spawn(process.execPath, ['--import', 'tsx', '--import', './test/harness/end-with-parent.mjs', 'worker/dev.ts'], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...settings, ...more },
      stdio: ['pipe', out, out],
    });
  };
  const ended = () => child === null || child.exitCode !== null || child.signalCode !== null;
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (!child || ended()) return child?.exitCode ?? null;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    return child.exitCode;
  };

  const codec = openPayloadCodec(keyFile, temporal.namespace);
  const client = new Client({
    connection: Connection.lazy({ address: temporal.address }),
    namespace: temporal.namespace,
    dataConverter: dataConverterWith(codec),
  });
  const handle = (batchId: string) => client.workflow.getHandle(toWireId('batch', batchId));

  /** The batch once it is in one of these states. */
  const reaches = (batchId: string, ...states: string[]) =>
    until(
      `batch ${batchId} to be ${states.join(' or ')}`,
      async () => {
        const view = await world.view(batchId);
        return view && states.includes(view.control.state) ? view : undefined;
      },
      90_000,
    );

  const close = async () => {
    await end('SIGKILL');
    await client.connection.close();
    await world.close();
    await temporal.stop();
  };

  return { ...world, temporal, client, codec, handle, start, end, ended, reaches, logText: () => readFileSync(log, 'utf8'), close };
};

export type TemporalWorld = Awaited<ReturnType<typeof openTemporalWorld>>;
