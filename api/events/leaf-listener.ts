import { Client } from 'pg';
import type { LeafSignal } from '../deps.js';

const CHANNEL = 'sluice_leaf';
const RECONNECT_MS = 1_000;

export interface ListeningEvents {
  /** Called at each failed attempt to connect. */
  onProblem(error: unknown): void;
  /** Called once when an established connection is lost. */
  onLost(): void;
}

/**
 * One direct connection that listens for newly sequenced audit events, shared by all open streams. A notification carries no
 * data; each stream reads its own tenant's rows. A lost connection is opened again and wakes all streams, because
 * notifications may have been missed.
 */
export const listenForLeaves = (url: string, { onProblem, onLost }: ListeningEvents): LeafSignal & { close(): Promise<void> } => {
  const waiting = new Set<() => void>();
  let client: Client | null = null;
  let timer: NodeJS.Timeout | null = null;
  let closed = false;

  const wakeAll = (): void => {
    for (const wake of waiting) wake();
  };
  const retry = (error: unknown): void => {
    if (closed || timer) return;
    onProblem(error);
    if (client) onLost();
    client = null;
    timer = setTimeout(() => {
      timer = null;
      connect().catch(retry);
    }, RECONNECT_MS);
  };
  const connect = async (): Promise<void> => {
    const next = new Client({ connectionString: url, application_name: 'sluice-api-listen', keepAlive: true });
    next.on('error', retry);
    next.on('end', () => retry(new Error('the listening connection ended')));
    next.on('notification', wakeAll);
    await next.connect();
    if (closed) return next.end();
    client = next;
    await next.query(`LISTEN ${CHANNEL}`);
    wakeAll();
  };
  connect().catch(retry);

  return {
    subscribe: (wake) => {
      waiting.add(wake);
      return () => waiting.delete(wake);
    },
    close: async () => {
      closed = true;
      if (timer) clearTimeout(timer);
      await client?.end();
    },
  };
};
