import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { placesIn } from '../../../dev/data-folder/places.js';
import { type Stack, type StackOptions, startStack } from '../../../dev/stack/start-stack.js';
import { fromWireId } from '../../../domain/ids.js';
import { CHEAP_ARGON2 } from '../../harness/cheap-argon2.js';
import { guardFolder } from '../../harness/guard.js';
import { brokenInvariants, type ProviderBooks } from '../../harness/invariants.js';
import { until } from '../../harness/until.js';
import { ownDatabase } from './database.js';
import { deadlocksIn } from './deadlocks.js';
import type { sampleItems } from './payments.js';
import { newPeople, type People } from './people.js';

/** A whole running stack, with the actions and questions of the end-to-end tests. */
export interface World {
  stack: Stack;
  dataDir: string;
  keyFile: string;
  /** The workspace in which everything happens. */
  tenantId: string;
  /** Environment of the worker and the API at every start from now on, also when the supervision starts them. */
  env: Record<'worker' | 'api', Record<string, string>>;
  newPeople(): Promise<People>;
  /** Creates a batch and opens its first two gates; `execute` opens the third. */
  authorizedBatch(people: People, items: ReturnType<typeof sampleItems>, more?: object): Promise<string>;
  execute(people: People, batchId: string): Promise<void>;
  openGate(people: People, batchId: string, gate: 'approve' | 'authorize' | 'execute'): Promise<void>;
  /** Waits until the batch has ended, and returns it. */
  ended(people: People, batchId: string, mostMs?: number): Promise<Batch>;
  /** What the provider has accepted of one batch. */
  accepted(batchId: string): Promise<ProviderBooks['payments']>;
  provider<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T>;
  books(): Promise<ProviderBooks>;
  /** One line for each invariant that does not hold, and for each deadlock so far. */
  broken(): Promise<string[]>;
  /** One line for each deadlock so far. */
  deadlocks(): Promise<string[]>;
  close(): Promise<void>;
}

export type Batch = Awaited<ReturnType<People['preparer']['client']['show_payout_batch']>>;

/** Tests kill processes and never the machine, so nothing has to reach the disk. */
const POSTGRES = { fsync: 'off', full_page_writes: 'off', shared_buffers: '64MB' };

/** Starts a stack on free ports with a data folder of its own. `close` leaves nothing behind. */
export const startWorld = async (options: Partial<StackOptions> = {}): Promise<World> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'sluice-e2e-'));
  // The user that the embedded Postgres runs as, where we are root, has to reach it.
  chmodSync(dataDir, 0o755);
  const lines: string[] = [];
  const env: World['env'] = { worker: { ...options.env?.worker }, api: { ...options.env?.api } };
  const database = await ownDatabase();
  const release = guardFolder(dataDir);
  const stack = await startStack({
    dataDir,
    ports: 'free',
    say: (line) => lines.push(line),
    argon2: CHEAP_ARGON2,
    connection: { endpoint: 'bulk', settlement: 'immediate' },
    ...(database ? { databaseUrl: database.url } : {}),
    ...options,
    postgres: { ...POSTGRES, ...options.postgres },
    env,
  }).catch(async (error: unknown) => {
    await database?.drop();
    release();
    rmSync(dataDir, { recursive: true, force: true });
    throw new Error(`the stack did not start: ${String(error)}\n${lines.join('\n')}`);
  });
  const state = stack.state();
  const { keyFile } = placesIn(dataDir);
  const tenantId = fromWireId('workspace', state.workspace_id) ?? '';

  const provider: World['provider'] = async <T>(method: 'GET' | 'POST', path: string, body?: object) => {
    const answer = await fetch(`${state.provider_url}${path}`, {
      method,
      headers: { authorization: `Bearer ${state.provider_api_key}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!answer.ok) throw new Error(`provider ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  };
  const books = async (): Promise<ProviderBooks> => {
    const { duplicates } = await provider<{ duplicates: number }>('GET', '/books');
    const payments: ProviderBooks['payments'] = [];
    for (let after: number | null = -1; after !== null; ) {
      const page: BooksPage = await provider<BooksPage>('GET', `/books/payments?after=${after}&limit=10000`);
      payments.push(
        ...page.data.map((one) => ({ key: one.idempotency_key, amount: BigInt(one.amount), currency: one.currency, status: one.status })),
      );
      after = page.next;
    }
    return { duplicates, payments };
  };

  const world: World = {
    stack,
    dataDir,
    keyFile,
    tenantId,
    env,
    provider,
    books,
    accepted: async (batchId) => {
      const prefix = `item_${(fromWireId('batch', batchId) ?? '').replaceAll('-', '')}`;
      return (await books()).payments.filter(({ key }) => key.startsWith(prefix));
    },
    newPeople: () => newPeople(stack.state(), keyFile),
    authorizedBatch: async (people, items, more = {}) => {
      const total = items.reduce((sum, item) => sum + item.amount, 0);
      await people.preparer.client.top_up({ account_id: state.funding_account_id, amount: total });
      const created = await people.preparer.client.create_payout_batch({ currency: 'EUR', rail: 'sandbox', allow_duplicates: true, items, ...more });
      if (created.object !== 'payout_batch') throw new Error('nothing was created');
      for (const gate of ['approve', 'authorize'] as const) await open(people, created.id, gate);
      return created.id;
    },
    execute: (people, batchId) => open(people, batchId, 'execute'),
    openGate: open,
    ended: (people, batchId, mostMs = 90_000) =>
      until(
        `the end of ${batchId}`,
        async () => {
          const batch = await people.preparer.client.show_payout_batch({ batch_id: batchId });
          return ['completed', 'failed', 'cancelled', 'rejected', 'expired'].includes(batch.state) ? batch : undefined;
        },
        mostMs,
      ).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${tail(dataDir)}`);
      }),
    broken: async () => [...(await brokenInvariants(stack.state().database.owner_url, [tenantId], await books())), ...(await world.deadlocks())],
    deadlocks: () => deadlocksIn(dataDir, stack.state().database.owner_url),
    close: async () => {
      await stack.stop();
      await database?.drop();
      release();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  return world;
};

interface BooksPage {
  data: { idempotency_key: string; amount: number; currency: string; status: string }[];
  next: number | null;
}

const ROLE_OF = { approve: 'approver', authorize: 'authorizer', execute: 'executor' } as const;

const open = async (people: People, batchId: string, gate: keyof typeof ROLE_OF): Promise<void> => {
  const { client, nextCode } = people[ROLE_OF[gate]];
  const challenge = await client.ask_challenge({ batch_id: batchId, gate });
  const code = await nextCode();
  await client[`${gate}_payout_batch`]({ batch_id: batchId, challenge_id: challenge.id, code });
};

/** The last lines of the worker's log, for the message of a failed test. */
const tail = (dataDir: string): string => {
  try {
    return readFileSync(placesIn(dataDir).logs.worker, 'utf8').split('\n').slice(-15).join('\n');
  } catch {
    return '';
  }
};
