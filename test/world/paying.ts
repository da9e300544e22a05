import { createBatch } from '../../contracts/batches.js';
import { canonicalBytes } from '../../domain/hashing.js';
import { createPayoutBatch } from '../../operations/payout-batch/create.js';
import { credentialsPlace } from '../../operations/rail-connection/open.js';
import { brokenInvariants } from '../harness/invariants.js';
import { startProvider } from '../sandbox-provider/start-provider.js';
import { openWorld } from './open.js';
import { made, uuidOf } from './wire.js';

/** A world whose batches are paid for real, by the sandbox provider: a process of its own, reached over HTTP. `env` is its environment. */
export const openPayingWorld = async (env: Record<string, string> = {}) => {
  const provider = await startProvider({ PROVIDER_FSYNC: 'off', ...env });
  const world = await openWorld();
  const { services, home, sql, worker, as } = world;
  const preparer = await world.person('preparer');

  /** Points the rail connection at the provider where it listens now, by a new version of its settings. */
  const connect = async (settings: Record<string, string | number>): Promise<void> => {
    const plain = canonicalBytes({ api_key: provider.apiKey, webhook_secret: provider.webhookSecret });
    const place = credentialsPlace(home.tenantId, home.connectionId);
    const sealed = await as({ type: 'system', process: 'setup' }).inTenant((stores) => services.vault.seal(stores.keys, place, plain));
    await sql('UPDATE rail_connection SET sealed = $1 WHERE id = $2', [Buffer.from(sealed), home.connectionId]);
    await sql(
      `INSERT INTO rail_connection_version (tenant_id, connection_id, version, settings)
       SELECT tenant_id, connection_id, max(version) + 1, $1 FROM rail_connection_version WHERE connection_id = $2 GROUP BY 1, 2`,
      [JSON.stringify({ base_url: provider.url, timeout_ms: 1_000, ...settings }), home.connectionId],
    );
  };

  /** A queued batch of one small payment to each of these tokens. Returns its UUID. */
  const queued = async (tokens: readonly string[], terms: Record<string, unknown> = {}): Promise<string> => {
    const items = tokens.map((token, i) => ({
      amount: 100 + (i % 7),
      reference: `ref-${i}`,
      payee: { reference: `${token}-${i}`, name: `Payee ${i}`, payee_type: 'individual', country: 'DE', account_token: `${token}_${i}` },
    }));
    const body = createBatch.parse({ currency: 'EUR', rail: 'sandbox', allow_duplicates: true, items, ...terms });
    return uuidOf(made(await createPayoutBatch(as(preparer), { ...body, validate_only: false })).id);
  };

  /** The same with its three gates opened by three people, under a checkpoint. Returns its UUID. */
  const executing = async (...batch: Parameters<typeof queued>): Promise<string> => {
    const batchId = await queued(...batch);
    await world.openUpTo('execute', batchId);
    await world.sequence();
    return batchId;
  };

  const view = (batchId: string) => worker().inTenant((stores) => stores.batches.view(batchId));
  const counter = (batchId: string) => worker().inTenant((stores) => stores.batches.counter(batchId));

  /** One line for each invariant that does not hold between our books and the provider's. */
  const broken = async (): Promise<string[]> => {
    const [books, payments] = [await provider.books(), await provider.payments()];
    return brokenInvariants(world.database.ownerUrl, [home.tenantId], {
      duplicates: books.duplicates,
      payments: payments
        .filter((payment) => !payment.declined)
        .map((payment) => ({ key: payment.idempotency_key, amount: BigInt(payment.amount), currency: payment.currency, status: payment.status })),
    });
  };

  const close = async (): Promise<void> => {
    await world.close();
    await provider.stop();
  };

  await connect({});
  return { ...world, provider, preparer, connect, queued, executing, view, counter, broken, close };
};

export type PayingWorld = Awaited<ReturnType<typeof openPayingWorld>>;

/** `n` account tokens that the provider treats as `magic` says; `acct` has no magic. */
export const tokens = (n: number, magic = 'acct'): string[] => Array.from({ length: n }, () => magic);
