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

/** Makes the SDK use our logger and leave signals to us. Call it once per process. */
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

/** A client for the relay. It connects on first use, and again after a lost connection. */
export const lazyClient = (config: WorkerConfig, codec: PayloadCodec): Client =>
  new Client({
    connection: Connection.lazy({ ...optionsOf(config), connectTimeout: '5s' }),
    namespace: config.TEMPORAL_NAMESPACE,
    dataConverter: dataConverterWith(codec),
  });

const RETRY_MS = 500;

/** A connection for the workers. Waits until the server answers; null when the signal came first. */
export const connectWorkers = async (config: WorkerConfig, log: Logger, signal: AbortSignal): Promise<NativeConnection | null> => {
  for (let tries = 0; !signal.aborted; tries++) {
    try {
      return await NativeConnection.connect(optionsOf(config));
    } catch (error) {
      if (tries % 20 === 0)
        log.warn({ err: error, address: config.TEMPORAL_ADDRESS }, 'Temporal does not answer yet; approvals wait in the database until it does');
      await pause(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return null;
};
