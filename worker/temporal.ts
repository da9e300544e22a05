import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import { NativeConnection, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { WorkerConfig } from '../config/worker.js';
import { dataConverterWith } from './data-converter.js';

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

const optionsOf = (config: WorkerConfig) => ({
  address: config.TEMPORAL_ADDRESS,
  ...(config.TEMPORAL_TLS === 'true' || config.TEMPORAL_API_KEY ? { tls: true } : {}),
  ...(config.TEMPORAL_API_KEY ? { apiKey: config.TEMPORAL_API_KEY, metadata: { 'temporal-namespace': config.TEMPORAL_NAMESPACE } } : {}),
});

/** The SDK logs through our logger and leaves signals to us. Once a process. */
export const installRuntime = (log: Logger): void => {
  const write = (level: Level) => (message: string, meta?: object) => log[level]({ ...meta }, message);
  Runtime.install({
    shutdownSignals: [],
    logger: {
      log: (level, message, meta) => log[level.toLowerCase() as Level]({ ...meta }, message),
      trace: write('trace'),
      debug: write('debug'),
      info: write('debug'),
      warn: write('warn'),
      error: write('error'),
    },
  });
};

/** For the relay: connects when it is first used, and again whenever it has to. */
export const lazyClient = (config: WorkerConfig, codec: PayloadCodec): Client =>
  new Client({
    connection: Connection.lazy({ ...optionsOf(config), connectTimeout: '5s' }),
    namespace: config.TEMPORAL_NAMESPACE,
    dataConverter: dataConverterWith(codec),
  });

const RETRY_MS = 500;

/** For the workers: waits until the server is there. Null when the signal ended first. */
export const connectWorkers = async (config: WorkerConfig, log: Logger, signal: AbortSignal): Promise<NativeConnection | null> => {
  for (let tries = 0; !signal.aborted; tries++) {
    try {
      return await NativeConnection.connect(optionsOf(config));
    } catch (error) {
      if (tries % 20 === 0) log.warn({ err: error, address: config.TEMPORAL_ADDRESS }, 'Temporal does not answer yet; approvals are kept meanwhile');
      await pause(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return null;
};
