import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import type { TemporalSettings } from './settings.js';

const READY_MS = 30_000;
const ALREADY_EXISTS = 6;
/** IndexedValueType of Temporal's API. */
const TYPES: Record<TemporalSettings['search_attributes'][string], number> = {
  Text: 1,
  Keyword: 2,
  Int: 3,
  Double: 4,
  Bool: 5,
  Datetime: 6,
  KeywordList: 7,
};

/**
 * Waits until the frontend serves the namespace, then sets its retention and search attributes (the server ignores the flag for these
 * when its state file exists). Idempotent. `alive` ends the wait when the server has died. Throws an Error after 30 s.
 */
export const ensureNamespace = async (address: string, settings: TemporalSettings, alive: () => boolean = () => true): Promise<void> => {
  const until = Date.now() + READY_MS;
  for (;;) {
    try {
      await answers(address);
      return await prepare(address, settings);
    } catch (error) {
      if (!alive()) throw new Error('it ended while it was starting');
      if (Date.now() > until)
        throw new Error(`it did not serve the namespace ${settings.namespace} within ${READY_MS / 1_000} s: ${(error as Error).message}`);
      await sleep(50);
    }
  }
};

/** gRPC waits long before it tries again; a plain socket shows at once whether the port is open. */
const answers = (address: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const [host = '', port = ''] = address.split(':');
    const socket = connect(Number(port), host, () => {
      socket.destroy();
      resolve();
    }).once('error', reject);
  });

const prepare = async (address: string, settings: TemporalSettings): Promise<void> => {
  const connection = await Connection.connect({ address, connectTimeout: 1_000 });
  try {
    await prepareNamespace(connection, settings);
  } finally {
    await connection.close();
  }
};

/** Sets retention and search attributes of an existing namespace. */
export const prepareNamespace = async (connection: Connection, { namespace, retention, search_attributes }: TemporalSettings): Promise<void> => {
  const there = await connection.workflowService.describeNamespace({ namespace });
  const seconds = Number.parseInt(retention, 10) * 3_600;
  if (Number(there.config?.workflowExecutionRetentionTtl?.seconds ?? 0) < seconds)
    await connection.workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl: { seconds: seconds as never } } });
  const known = (await connection.operatorService.listSearchAttributes({ namespace })).customAttributes ?? {};
  const missing = Object.entries(search_attributes).filter(([name]) => !(name in known));
  if (missing.length === 0) return;
  await connection.operatorService
    .addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(missing.map(([name, type]) => [name, TYPES[type]])) })
    .catch((error: { code?: number }) => {
      if (error.code !== ALREADY_EXISTS) throw error;
    });
};
