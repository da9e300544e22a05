import pg from 'pg';
import type { Logger } from 'pino';

const RECONNECT_MS = 1_000;

/**
 * Calls `wake` for each notification on a channel, over a connection of its own (not through a transaction pool). A lost connection
 * is opened again, and polling finds what was missed meanwhile; `onLost` is called once for each. Ends when the signal aborts.
 */
export const listen = (
  url: string,
  channel: string,
  wake: () => void,
  { log, signal, onLost = () => undefined }: { log: Pick<Logger, 'warn'>; signal: AbortSignal; onLost?: () => void },
): void => {
  const connect = async (): Promise<void> => {
    if (signal.aborted) return;
    const client = new pg.Client({ connectionString: url, application_name: `sluice ${channel}` });
    const close = () => void client.end().catch(() => undefined);
    let established = false;
    const again = () => {
      signal.removeEventListener('abort', close);
      if (!signal.aborted && established) onLost();
      if (!signal.aborted) setTimeout(() => void connect(), RECONNECT_MS).unref();
    };
    client.on('notification', wake);
    client.once('error', () => close());
    client.once('end', again);
    signal.addEventListener('abort', close, { once: true });
    try {
      await client.connect();
      established = true;
      await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
      wake();
    } catch (error) {
      log.warn({ err: error, channel }, 'cannot listen for notifications; polling goes on');
      close();
    }
  };
  void connect();
};

/** A bell: `rung` resolves at the next ring, after `ms`, or when the signal aborts. A ring that nobody awaits is kept for the next `rung`. */
export const bell = (signal: AbortSignal): { ring(): void; rung(ms: number): Promise<void> } => {
  let rang = false;
  let answer: () => void = () => undefined;
  const ring = (): void => {
    rang = true;
    answer();
  };
  signal.addEventListener('abort', ring, { once: true });
  return {
    ring,
    rung: (ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(done, ms);
        function done(): void {
          clearTimeout(timer);
          rang = false;
          answer = () => undefined;
          resolve();
        }
        answer = done;
        if (rang || signal.aborted) done();
      }),
  };
};
