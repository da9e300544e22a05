import { join } from 'node:path';
import pg from 'pg';
import { Agent, request } from 'undici';
import { ensureLogins } from '../dev/postgres/logins.js';
import { migrate } from '../dev/postgres/migrate.js';
import { toItemId } from '../domain/ids.js';
import { startProvider } from '../test/sandbox-provider/start-provider.js';
import { type LimitRun, measureLimit } from './limit.js';
import type { RailMode } from './rail-mode.js';

export interface Limits {
  /** Measures the bare SQL on as many connections as chunks are in flight; for a per-item rail with a bare HTTP loop too. */
  measure(rail: RailMode, items: number, window: number): Promise<LimitRun>;
  close(): Promise<void>;
}

/** Opens a separate database on the stack's Postgres, without relay and sequencer, and a separate provider. */
export const openLimits = async (stackOwnerUrl: string, dataDir: string): Promise<Limits> => {
  const owner = new URL(stackOwnerUrl);
  const client = new pg.Client({ connectionString: owner.href });
  await client.connect();
  await client.query('CREATE DATABASE bench_limit');
  await client.end();
  owner.pathname = '/bench_limit';
  await migrate(owner.href);
  const { worker: workerUrl } = await ensureLogins(owner.href, join(dataDir, 'bench-logins.json'));
  const provider = await startProvider();
  const post = postSingly(provider.url, provider.apiKey);
  return {
    measure: ({ endpoint, chunkSize }, items, window) =>
      measureLimit({ ownerUrl: owner.href, workerUrl, items, chunkSize, window, ...(endpoint === 'single' ? { send: post } : {}) }),
    close: () => provider.stop(),
  };
};

const dispatcher = new Agent({ connections: 256, pipelining: 1 });

/** Parallel payments in one chunk, as the sandbox rail does by default. */
const CONCURRENCY = 32;

const postSingly =
  (url: string, apiKey: string) =>
  async (batchId: string, from: number, to: number): Promise<void> => {
    let next = from;
    const lane = async (): Promise<void> => {
      for (let ordinal = next++; ordinal < to; ordinal = next++) {
        const answer = await request(`${url}/v1/payments?settlement=immediate`, {
          method: 'POST',
          dispatcher,
          headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', 'idempotency-key': toItemId(batchId, ordinal) },
          body: JSON.stringify({
            amount: 1_000,
            currency: 'EUR',
            reference: `payout ${ordinal}`,
            remittance: `payout ${ordinal}`,
            payee: { name: `Payee ${ordinal}`, type: 'individual', country: 'DE' },
            destination: { kind: 'account_token', account_token: `plain_${ordinal}_00` },
          }),
        });
        const { status } = (await answer.body.json()) as { status?: string };
        if (status !== 'paid') throw new Error(`the provider answered ${answer.statusCode}`);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  };
